export const unknown = {
  title: '结果待核实',
} as const;
