export const deadLetters = {
  title: '异常单据',
} as const;
