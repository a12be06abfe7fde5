export const instances = {
  title: '流程实例',
} as const;
