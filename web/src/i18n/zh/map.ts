export const map = {
  title: '系统全景',
} as const;
