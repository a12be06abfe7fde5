export const session = {
  title: '登录',
  why: '请用管理员发给您的访问密钥登录。',
  chooseRole: '这是仿真工厂，数据都是虚构的。选择一个岗位，点击即可进入：',
  or: '或使用访问密钥',
  key: '访问密钥',
  keyMissing: '请输入访问密钥',
  keyFrom: '密钥由管理员创建，只显示一次。',
  action: '登录',
  refused: '枢纽不接受此密钥，它可能已过期或被撤销。',
  role: { sales: '销售', planning: '计划', warehouse: '仓库', finance: '财务', it: 'IT', boss: '老板' },
} as const;
