// The matrix of roles; the firm's own are made, changed and removed here, the shipped ones copied.
import { Alert, Button, Popconfirm, Space, Table, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Role, useRemoveRole, useRoles } from '../../api/people';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { Trouble } from '../../widgets/Trouble';
import { RoleForm } from './RoleForm';

export function Roles() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const may = useMay('roles.manage');
  const matrix = useRoles();
  const remove = useRemoveRole();
  const [form, setForm] = useState<{ from?: Role; isNew: boolean }>();
  const [waits, setWaits] = useState(false);
  const classes = new Map(matrix.data?.field_classes.map((each) => [each.id, each.title[language]]));
  const actions = new Map(matrix.data?.actions.map((each) => [each.id, each.title[language]]));
  return (
    <>
      {may && (
        <Button
          type="primary"
          onClick={() => setForm({ isNew: true })}
          data-action="add-role"
          style={{ marginBottom: 12 }}
        >
          {t('people.addRole')}
        </Button>
      )}
      {remove.error && <Trouble error={remove.error} />}
      {waits && <Alert type="info" showIcon title={t('people.waits')} style={{ marginBottom: 12 }} />}
      <Listing query={matrix} isEmpty={(found) => found.roles.length === 0} empty={t('people.none')}>
        {(found) => (
          <>
            <Alert type="info" title={t('people.rolesAbout')} style={{ marginBottom: 12 }} />
            <Table<Role>
              rowKey="id"
              size="small"
              pagination={false}
              dataSource={found.roles}
              data-ready="roles"
              expandable={{
                expandedRowRender: (role) => (
                  <Space size={[4, 4]} wrap>
                    {role.actions.map((each) => (
                      <Tag key={each}>{actions.get(each) ?? each}</Tag>
                    ))}
                  </Space>
                ),
              }}
              columns={[
                { title: t('people.role'), render: (_, role) => role.title[language] },
                {
                  title: t('people.rows'),
                  render: (_, role) => t(`people.row.${role.rows as 'all' | 'tree' | 'own'}`),
                },
                {
                  title: t('people.sees'),
                  render: (_, role) =>
                    Object.entries(role.fields).map(([name, sight]) => (
                      <Tag key={name} color={sight === 'own' ? 'blue' : 'default'}>
                        {classes.get(name) ?? name}
                        {sight === 'own' && ` · ${t('people.ownRows')}`}
                      </Tag>
                    )),
                },
                {
                  title: t('people.masked'),
                  render: (_, role) =>
                    found.field_classes
                      .filter((each) => !(each.id in role.fields))
                      .map((each) => each.title[language])
                      .join(language === 'zh' ? '、' : ', '),
                },
                { title: t('people.actions'), align: 'right', render: (_, role) => role.actions.length },
                {
                  align: 'right',
                  render: (_, role) =>
                    may && (
                      <Space>
                        <Button size="small" onClick={() => setForm({ from: role, isNew: true })}>
                          {t('people.copyRole')}
                        </Button>
                        {!role.shipped && (
                          <>
                            <Button
                              size="small"
                              data-change-role={role.id}
                              onClick={() => setForm({ from: role, isNew: false })}
                            >
                              {t('people.edit')}
                            </Button>
                            <Popconfirm
                              title={t('people.removeRoleSure', { name: role.title[language] })}
                              okText={t('common.confirm')}
                              cancelText={t('common.cancel')}
                              onConfirm={() => remove.mutate(role.id)}
                            >
                              <Button size="small" danger data-remove-role={role.id}>
                                {t('people.remove')}
                              </Button>
                            </Popconfirm>
                          </>
                        )}
                      </Space>
                    ),
                },
              ]}
            />
            {form && (
              <RoleForm
                matrix={found}
                from={form.from}
                isNew={form.isNew}
                close={() => setForm(undefined)}
                done={setWaits}
              />
            )}
          </>
        )}
      </Listing>
    </>
  );
}
