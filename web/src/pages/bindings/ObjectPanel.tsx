// One business object: its ids in all systems, what became of them, and what a person can put right.
import { Button, Drawer, Form, Input, Modal, Space, Table, Tag, Timeline } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import {
  type Binding,
  useBind,
  useBindingChanges,
  useMerge,
  useRekey,
  useSiblings,
  useUnbind,
} from '../../api/bindings';
import { Listing } from '../../widgets/Listing';
import { useNames } from '../../widgets/names';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';

type Act =
  | { what: 'rekey'; row: Binding }
  | { what: 'unbind'; row: Binding }
  | { what: 'bind' }
  | { what: 'merge' };

interface Props {
  type: string;
  /** The type in words. */
  title: string;
  id: string;
  object: string;
  writes: boolean;
  close: () => void;
}

export function ObjectPanel({ type, title, id, object, writes, close }: Props) {
  const { t } = useTranslation();
  const names = useNames();
  const found = useSiblings(id);
  const changes = useBindingChanges(type, object);
  const [act, setAct] = useState<Act>();
  const mine = (rows: Binding[]) => rows.filter((each) => each.object_type === type && each.object_id === object);
  const label = mine(found.data ?? []).find((each) => each.label)?.label;
  return (
    <Drawer open size="large" title={`${title} ${label ?? id}`} onClose={close} data-ready="object">
      <Listing query={found} isEmpty={(rows) => mine(rows).length === 0} empty={t('bindings.none')}>
        {(rows) => (
          <Table<Binding>
            rowKey={(each) => `${each.system}/${each.local_id}`}
            size="small"
            pagination={false}
            dataSource={mine(rows)}
            data-ready="siblings"
            columns={[
              { title: t('bindings.system'), render: (_, each) => names.system(each.system) },
              {
                title: t('bindings.id'),
                render: (_, each) => (
                  <Space>
                    {each.local_id}
                    {each.state === 'former' && <Tag>{t('bindings.former')}</Tag>}
                  </Space>
                ),
              },
              { title: t('bindings.at'), render: (_, each) => <Moment at={each.bound_at} /> },
              {
                align: 'right',
                render: (_, each) =>
                  writes &&
                  each.state !== 'former' && (
                    <Space>
                      <Button size="small" onClick={() => setAct({ what: 'rekey', row: each })} data-action="rekey">
                        {t('bindings.rekey')}
                      </Button>
                      <Button
                        size="small"
                        danger
                        onClick={() => setAct({ what: 'unbind', row: each })}
                        data-action="unbind"
                      >
                        {t('bindings.unbind')}
                      </Button>
                    </Space>
                  ),
              },
            ]}
          />
        )}
      </Listing>
      {writes && (
        <Space style={{ margin: '12px 0' }}>
          <Button onClick={() => setAct({ what: 'bind' })} data-action="bind">
            {t('bindings.bind')}
          </Button>
          <Button onClick={() => setAct({ what: 'merge' })} data-action="merge">
            {t('bindings.merge')}
          </Button>
        </Space>
      )}
      <h3>{t('bindings.history')}</h3>
      <Listing query={changes} isEmpty={(rows) => rows.length === 0} empty={t('bindings.noHistory')}>
        {(rows) => (
          <Timeline
            data-ready="history"
            items={rows.map((each) => ({
              key: each.id,
              content: (
                <>
                  <Moment at={each.at} /> {each.by}: {t(`bindings.did.${each.what as 'bound'}`)}{' '}
                  {each.system && names.system(each.system)} {each.local_id || each.object_id}
                  {each.other && ` → ${each.other}`} {each.why && `(${each.why})`}
                </>
              ),
            }))}
          />
        )}
      </Listing>
      {act && <ActDialog act={act} type={type} object={object} close={() => setAct(undefined)} />}
    </Drawer>
  );
}

interface Wish {
  system?: string;
  id?: string;
  why: string;
}

function ActDialog({ act, type, object, close }: { act: Act; type: string; object: string; close: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Wish>();
  const bind = useBind();
  const rekey = useRekey();
  const merge = useMerge();
  const unbind = useUnbind();
  const busy = [bind, rekey, merge, unbind].some((each) => each.isPending);
  const error = bind.error ?? rekey.error ?? merge.error ?? unbind.error;
  const carryOut = ({ system = '', id = '', why }: Wish) => {
    const done = { onSuccess: close };
    const named = { object_type: type, why: why.trim() };
    const [given, where] = [id.trim(), system.trim()];
    if (act.what === 'bind') bind.mutate({ ...named, system: where, local_id: given, object_id: object }, done);
    else if (act.what === 'merge') merge.mutate({ ...named, keep: object, gone: given }, done);
    else if (act.what === 'rekey')
      rekey.mutate({ ...named, system: act.row.system, old: act.row.local_id, new: given }, done);
    else unbind.mutate({ ...named, system: act.row.system, local_id: act.row.local_id }, done);
  };
  const required = [{ required: true, whitespace: true, message: t('bindings.missing') }];
  return (
    <Modal
      open
      title={t(`bindings.${act.what}Title`, { id: 'row' in act ? act.row.local_id : object })}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: busy, danger: act.what === 'unbind' }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      <p>{t(`bindings.${act.what}About`)}</p>
      {error && <Trouble error={error} />}
      <Form form={form} layout="vertical" onFinish={carryOut}>
        {act.what === 'bind' && (
          <Form.Item name="system" label={t('bindings.system')} rules={required}>
            <Input autoComplete="off" />
          </Form.Item>
        )}
        {act.what !== 'unbind' && (
          <Form.Item
            name="id"
            label={act.what === 'merge' ? t('bindings.otherObject') : t('bindings.newId')}
            rules={required}
          >
            <Input autoComplete="off" />
          </Form.Item>
        )}
        <Form.Item name="why" label={t('common.reason')} rules={required}>
          <Input.TextArea rows={2} maxLength={300} showCount />
        </Form.Item>
      </Form>
    </Modal>
  );
}
