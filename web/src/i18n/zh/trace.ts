export const trace = {
  title: '单据联查',
} as const;
