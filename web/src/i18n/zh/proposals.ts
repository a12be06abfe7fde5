export const proposals = {
  about: '资金单据重发、授权与生产发布：一人提交，另一人复核。',
  none: '没有待复核事项',
  what: '事项',
  kind: '复核原因',
  kinds: { money: '资金单据', production: '生产发布', letters: '重发', roles: '授权' },
  by: '提交人',
  reason: '原因',
  since: '已等待',
  approve: '同意',
  reject: '驳回',
  takeBack: '撤回',
} as const;
