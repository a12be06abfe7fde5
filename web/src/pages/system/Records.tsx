// What records a system has, with their fields and a sample of each; one record as it stands there now.
import { Button, Form, Input, Select, Space, Table, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Description, type OfferedField, useRecord } from '../../api/systemData';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';

interface Props {
  name: string;
  resources: Description['resources'];
  live: boolean;
}

export function Records({ name, resources, live }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const [chosen, choose] = useState(resources[0]?.name ?? '');
  const record = useRecord(name);
  const resource = resources.find((each) => each.name === chosen) ?? resources[0];
  if (!resource) return <p>{t('system.noResources')}</p>;
  return (
    <Space orientation="vertical" style={{ width: '100%' }}>
      <Space>
        <Select
          aria-label={t('system.resource')}
          value={resource.name}
          onChange={(next) => {
            record.reset();
            choose(next);
          }}
          options={resources.map((each) => ({ value: each.name, label: each.label[language] }))}
          style={{ minWidth: 220 }}
        />
        <Tag>{t(live ? 'system.live' : 'system.declared')}</Tag>
      </Space>
      <Table<OfferedField>
        rowKey="name"
        size="small"
        pagination={false}
        dataSource={resource.fields}
        data-ready="fields"
        columns={[
          { title: t('system.field'), render: (_, each) => <code>{each.name}</code> },
          { title: t('system.label'), render: (_, each) => each.label?.[language] },
          { title: t('system.type'), dataIndex: 'type' },
          { title: t('system.required'), render: (_, each) => (each.required ? t('system.yes') : '') },
          { title: t('system.sample'), dataIndex: 'sample' },
        ]}
      />
      <Form layout="inline" onFinish={(wish: { id: string }) => record.mutate({ resource: resource.name, id: wish.id })}>
        <Form.Item name="id" label={t('system.recordId')} rules={[{ required: true, message: t('system.missing') }]}>
          <Input autoComplete="off" />
        </Form.Item>
        <Button htmlType="submit" loading={record.isPending} data-action="read-record">
          {t('system.read')}
        </Button>
      </Form>
      {record.error && <Trouble error={record.error} />}
      {record.data && <pre data-ready="record">{JSON.stringify(record.data.data, null, 2)}</pre>}
    </Space>
  );
}
