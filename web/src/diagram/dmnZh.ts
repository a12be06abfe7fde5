// What the drawing component of decisions says, in Chinese; what is not here stays as it is.
const WORDS: Record<string, string> = {
  'View DRD': '查看决策依赖图',
  'Hit policy:': '命中策略：',
  Unique: '唯一',
  First: '首个',
  Priority: '优先级',
  Any: '任意',
  Collect: '汇总',
  'Collect (Sum)': '汇总（求和）',
  'Collect (Min)': '汇总（最小）',
  'Collect (Max)': '汇总（最大）',
  'Collect (Count)': '汇总（计数）',
  'Rule order': '规则顺序',
  'Output order': '输出顺序',
  When: '当',
  Then: '则',
  And: '并且',
  Input: '输入',
  Output: '输出',
  Annotations: '备注',
  Expression: '表达式',
  'Input label': '输入名称',
  'Output label': '输出名称',
  'Output name': '输出变量名',
  'Add rule': '添加规则',
  'Add input': '添加输入',
  'Add output': '添加输出',
  'Decision name': '决策名称',
  'Create decision': '新建决策',
  'Create input data': '新建输入数据',
  'Create knowledge source': '新建知识源',
  'Create business knowledge model': '新建业务知识模型',
  Remove: '删除',
};

export function translateDmnZh(template: string, replacements: Record<string, string> = {}): string {
  return (WORDS[template] ?? template).replace(/{([^}]+)}/g, (whole, name: string) => replacements[name] ?? whole);
}
