// The modeller's own words in Chinese, by the English they replace; what is not here stays English.
const EVENTS: Record<string, string> = {
  Message: '消息', Timer: '定时', Signal: '信号', Error: '错误', Escalation: '升级', Conditional: '条件',
  Compensation: '补偿', Link: '链接', Cancel: '取消', Terminate: '终止',
};
const PLACES: Record<string, string> = {
  'start event': '开始事件', 'end event': '结束事件', 'boundary event': '边界事件',
  'intermediate catch event': '中间捕获事件', 'intermediate throw event': '中间抛出事件',
};

function events(): Record<string, string> {
  const made: Record<string, string> = {};
  for (const [kind, zh] of Object.entries(EVENTS)) {
    for (const [place, word] of Object.entries(PLACES)) {
      made[`${kind} ${place}`] = `${zh}${word}`;
      made[`${kind} ${place} (non-interrupting)`] = `${zh}${word}（不中断）`;
    }
  }
  return made;
}

export const MODELER_ZH: Record<string, string> = {
  ...events(),
  // tools and palette
  'Activate create/remove space tool': '腾挪空间', 'Activate global connect tool': '连线', 'Activate hand tool': '平移画布',
  'Activate lasso tool': '框选', 'Create start event': '开始事件', 'Create end event': '结束事件',
  'Create intermediate/boundary event': '中间/边界事件', 'Create gateway': '网关', 'Create task': '任务',
  'Create expanded sub-process': '子流程', 'Create data object reference': '数据对象', 'Create data store reference': '数据存储',
  'Create pool/participant': '泳池', 'Create group': '分组', 'Create element': '添加元素…', 'Append element': '追加元素…',
  'Append task': '追加任务', 'Append gateway': '追加网关', 'Append end event': '追加结束事件',
  'Append intermediate/boundary event': '追加中间/边界事件', 'Append receive task': '追加接收任务',
  'Append compensation activity': '追加补偿活动', 'Append message intermediate catch event': '追加消息捕获事件',
  'Append timer intermediate catch event': '追加定时捕获事件', 'Append signal intermediate catch event': '追加信号捕获事件',
  'Append conditional intermediate catch event': '追加条件捕获事件', 'Add text annotation': '添加注释',
  'Connect to other element': '连接到其他元素', 'Connect using association': '用关联线连接',
  'Connect using data input association': '用数据输入关联连接', 'Change element': '更改类型', Delete: '删除', Remove: '移除',
  'Add lane above': '在上方加泳道', 'Add lane below': '在下方加泳道', 'Divide into two lanes': '分成两条泳道',
  'Divide into three lanes': '分成三条泳道', 'Align elements': '对齐元素', 'Align elements ': '对齐元素 ',
  'Distribute elements horizontally': '水平均布', 'Distribute elements vertically': '垂直均布',
  'Search in diagram': '在图中查找', Search: '查找', 'Open {element}': '打开{element}',
  // elements
  Task: '任务', 'User task': '人工任务', 'Service task': '服务任务', 'Send task': '发送任务', 'Receive task': '接收任务',
  'Script task': '脚本任务', 'Manual task': '手工任务', 'Business rule task': '业务规则任务', 'Call activity': '调用活动',
  'Sub-process': '子流程', 'Sub-process (collapsed)': '子流程（折叠）', 'Sub-process (expanded)': '子流程（展开）',
  'Ad-hoc sub-process': '即席子流程', 'Ad-hoc sub-process (collapsed)': '即席子流程（折叠）',
  'Ad-hoc sub-process (expanded)': '即席子流程（展开）', 'Event sub-process': '事件子流程', Transaction: '事务',
  'Exclusive gateway': '排他网关', 'Parallel gateway': '并行网关', 'Inclusive gateway': '包容网关', 'Complex gateway': '复杂网关',
  'Event-based gateway': '事件网关', 'Start event': '开始事件', 'End event': '结束事件', 'Boundary event': '边界事件',
  'Intermediate throw event': '中间抛出事件', 'Sequence flow': '顺序流', 'Default flow': '默认流', 'Conditional flow': '条件流',
  'Data object reference': '数据对象', 'Data store reference': '数据存储', 'Empty pool/participant': '空泳池',
  'Expanded pool/participant': '展开的泳池', Collection: '集合', Loop: '循环', 'Parallel multi-instance': '并行多实例',
  'Sequential multi-instance': '串行多实例', 'Participant multiplicity': '多实例参与者', 'Toggle non-interrupting': '切换是否中断',
  Process: '流程', Collaboration: '协作', Tasks: '任务', Events: '事件', Gateways: '网关', 'Sub-processes': '子流程',
  Templates: '系统操作', Participants: '参与者', Data: '数据', Other: '其他', Participant: '参与者',
  // panel: groups
  General: '常规', Documentation: '说明', Implementation: '实现', Inputs: '输入', Outputs: '输出', Headers: '附加参数',
  'Task definition': '任务定义', 'Execution listeners': '执行监听', 'Task listeners': '任务监听', 'Extension properties': '扩展属性',
  Form: '表单', Assignment: '办理人', Condition: '条件', Timer: '定时器', Message: '消息', Signal: '信号', Error: '错误',
  Escalation: '升级', 'Multi-instance': '多实例', 'Called decision': '调用的决策', 'Called element': '调用的流程', Script: '脚本',
  'Output propagation': '输出传播', 'Input propagation': '输入传播', Compensation: '补偿',
  'Active elements': '启用的活动', Completion: '完成条件', 'Business rule implementation': '规则实现', Template: '模板',
  'User task implementation': '人工任务实现', 'Custom properties': '属性', 'Input mapping': '输入映射', 'Output mapping': '输出映射',
  'Process variables': '流程变量', 'Conditional variable events': '条件变量事件', Resource: '资源',
  // panel: fields
  Name: '名称', ID: '编号', Executable: '可执行', Version: '版本', 'Version tag': '版本号', 'Process ID': '流程编号',
  'Process name': '流程名称', 'Element documentation': '元素说明', 'Process documentation': '流程说明', Type: '类型',
  'Job type': '操作（系统.操作）', Retries: '重试次数', Assignee: '办理人', 'Candidate groups': '候选角色',
  'Candidate users': '候选人', 'Due date': '到期时间', 'Follow up date': '跟进时间', Priority: '优先级', 'Form ID': '表单编号',
  'Form key': '表单键', 'Form reference': '表单引用', 'External form reference': '外部表单', 'Form JSON configuration': '表单 JSON',
  'Condition expression': '条件表达式', 'Condition Expression': '条件表达式', 'Completion condition': '完成条件',
  'Input collection': '输入集合', 'Input element': '输入元素', 'Output collection': '输出集合', 'Output element': '输出元素',
  'Active elements collection': '启用活动的集合', 'Cancel remaining instances': '取消其余实例',
  'Decision ID': '决策编号', 'Result variable': '结果变量', Binding: '绑定', latest: '最新', deployment: '同一发布', 'version tag': '版本号',
  'Subscription correlation key': '关联键', 'Global message reference': '引用消息', 'Global signal reference': '引用信号',
  'Global error reference': '引用错误', 'Global escalation reference': '引用升级', Code: '代码', 'Code variable': '代码变量',
  'Message variable': '消息变量', 'Time to live': '有效期', 'Message ID': '消息编号', Value: '值', Date: '日期', Duration: '时长', Cycle: '周期',
  Key: '键', Source: '来源', Target: '目标', 'Variable assignment value': '变量的值', 'Variable name': '变量名', 'Local variable name': '变量名',
  'Process variable name': '流程变量名', 'Event type': '事件类型', 'Listener type': '监听类型', 'Implementation type': '实现方式',
  'FEEL expression': 'FEEL 表达式', Expression: '表达式', 'Job worker': '系统操作', 'DMN decision': 'DMN 决策',
  'Camunda user task': '待办任务', 'Camunda Form': '表单', 'Camunda Form (embedded)': '嵌入表单', 'Camunda Form (linked)': '引用表单',
  'Custom form key': '自定义表单键', 'Propagate all variables': '传播全部变量',
  'Propagate all child process variables': '带回子流程的全部变量', 'Propagate all parent process variables': '传入全部变量',
  'Participant Name': '参与者名称', Format: '格式', 'Activity reference': '活动引用', 'Wait for completion': '等待完成',
  'How to configure a timer': '定时器写法', Optional: '可选', Description: '描述', start: '开始', end: '结束',
  create: '创建', creating: '创建时', assigning: '指派时', completing: '完成时', updating: '更新时', canceling: '取消时',
  // panel: states and buttons
  '<none>': '<无>', '<empty>': '<空>', '<unnamed>': '<未命名>', Create: '新建', 'Create new ...': '新建…',
  'Create new list item': '新增一项', 'Delete item': '删除此项', 'Toggle list item': '展开/收起', 'Toggle section': '展开/收起',
  'Section contains an error': '此处有错误', 'Section contains edits': '此处有内容', 'Open documentation': '打开文档',
  'Open pop-up editor': '在大窗口中编辑', 'Opened in editor': '正在大窗口中编辑',
  'Select an element to edit its properties.': '选择一个元素以编辑其属性。',
  'Multiple elements are selected. Select a single element to edit its properties.': '选中了多个元素，请只选一个。',
  'ID must be unique.': '编号不能重复。', 'ID must not be empty.': '编号不能为空。', 'ID must not contain spaces.': '编号不能含空格。',
  'ID must be a valid QName.': '编号只能含字母、数字、- 和 _。', 'ID must not contain prefix.': '编号不能含前缀。',
  'FEEL expression is mandatory': '必须是 FEEL 表达式', 'Unparsable FEEL expression.': '无法解析的 FEEL 表达式。',
  'Must not be empty.': '不能为空。', '{label} must not be empty.': '{label}不能为空。', 'JSON contains errors': 'JSON 有误',
  'Process variable name must not be empty.': '变量名不能为空。', 'Process variable name must not contain spaces.': '变量名不能含空格。',
  Select: '选择', Change: '更换', Unlink: '解除模板', Applied: '已应用', Update: '更新', Edit: '编辑', 'Not found': '未找到',
  'Update available': '可更新', 'Loading...': '加载中…', 'More actions': '更多',
  'The template applied was not found. Therefore, its properties cannot be shown. Unlink to access the data.':
    '找不到所用的模板，无法显示其属性；解除模板后可直接编辑。',
  'Assign to process variable': '存入流程变量', 'Local variable assignment': '局部变量', 'Process variable assignment': '流程变量',
  'Specify more than one group as a comma separated list.': '多个角色用逗号分隔。',
  'Specify more than one user as a comma separated list.': '多个人员用逗号分隔。',
  'This maps to the process definition key.': '流程的唯一编号。',
  'Version tag by which this process can be referenced.': '供其他流程引用的版本号。',
  'Refers to the process variable name': '流程变量名', 'Start typing "${}" to create an expression.': '输入 "${}" 编写表达式。',
  Notifications: '节点通知', 'When it begins': '开始时', 'When it is done': '完成时', 'When it is refused': '驳回时',
  'When it is overdue': '超时时', 'Who is told': '通知谁', 'Subject in Chinese': '中文标题', 'Subject in English': '英文标题',
  'Text in Chinese': '中文内容', 'Text in English': '英文内容',
  'Logins, roles, positions or departments, separated by commas; assignee: whoever has the task; or FEEL.':
    '用户名、角色、岗位或部门，用逗号分隔；assignee 表示办理人；也可写 FEEL。',
  'FEEL over the process variables; empty: always.': '以流程变量写 FEEL 条件；为空则总是通知。',
  'Fields stand in {{ }}, as {{order_no}}.': '字段写在 {{ }} 中，如 {{order_no}}。',
  'The number of times the engine tries executing this activity if a worker signals a failure. The default is three.':
    '失败后重试的次数，默认三次。',
};

export function translateZh(template: string, values?: Record<string, string>): string {
  // Headings of the panel are the same words, each with a capital.
  const usual = template.charAt(0) + template.slice(1).toLowerCase().replace('non interrupting', 'non-interrupting');
  const found = MODELER_ZH[template] ?? MODELER_ZH[usual] ?? template;
  return found.replace(/{([^}]+)}/g, (_, name: string) => values?.[name] ?? `{${name}}`);
}
