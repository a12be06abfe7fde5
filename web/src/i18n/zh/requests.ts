// Words of what people begin by a form.
export const requests = {
  none: '目前没有可由您发起的事项。',
  begun: '已提交：{{title}}',
  begunAbout: '进展可在“待办 → 我发起的”中查看。',
  look: '查看我发起的',
  again: '再填一份',
  send: '提交',
} as const;
