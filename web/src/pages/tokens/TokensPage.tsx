// Access keys of programs: make, rotate with overlap, end.
import { Alert, Button, Form, Input, Modal, Popconfirm, Select, Space, Table, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Token, useEndToken, useMakeToken, useRoles, useRotateToken, useTokens } from '../../api/people';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { Once } from '../../widgets/Once';
import { PageHead } from '../../widgets/PageHead';
import { Moment } from '../../widgets/time';
import { Trouble } from '../../widgets/Trouble';
import { HookAddresses } from './HookAddresses';

export function TokensPage() {
  const { t } = useTranslation();
  const tokens = useTokens();
  const rotate = useRotateToken();
  const end = useEndToken();
  const [making, setMaking] = useState(false);
  const [once, setOnce] = useState<string>();
  const [waits, setWaits] = useState(false);
  const trouble = rotate.error ?? end.error;
  return (
    <>
      <PageHead title={t('menu.tokens')} about={t('tokens.about')}>
        <Button type="primary" onClick={() => setMaking(true)} data-action="make-token">
          {t('tokens.make')}
        </Button>
      </PageHead>
      {once && <Once title={t('tokens.once')} value={once} />}
      {waits && <Alert type="info" showIcon title={t('tokens.waits')} style={{ marginBottom: 12 }} />}
      {trouble && <Trouble error={trouble} />}
      <Listing query={tokens} isEmpty={(rows) => rows.length === 0} empty={t('tokens.none')}>
        {(rows) => (
          <Table<Token>
            rowKey="id"
            size="small"
            pagination={false}
            dataSource={rows}
            data-ready="tokens"
            columns={[
              { title: t('tokens.name'), dataIndex: 'name' },
              { title: t('people.roles'), render: (_, each) => each.roles.map((role) => <Tag key={role}>{role}</Tag>) },
              { title: t('tokens.from'), render: (_, each) => each.addresses.join(' ') || t('tokens.anywhere') },
              { title: t('tokens.used'), render: (_, each) => each.used_at && <Moment at={each.used_at} /> },
              { title: t('tokens.ends'), render: (_, each) => each.expires_at && <Moment at={each.expires_at} /> },
              {
                align: 'right',
                render: (_, each) => (
                  <Space>
                    <Button
                      size="small"
                      onClick={() => rotate.mutate(each.id, { onSuccess: (made) => setOnce(made.token) })}
                    >
                      {t('tokens.rotate')}
                    </Button>
                    <Popconfirm
                      title={t('tokens.endSure')}
                      okText={t('common.confirm')}
                      cancelText={t('common.cancel')}
                      onConfirm={() => end.mutate(each.id)}
                    >
                      <Button size="small" danger>
                        {t('tokens.end')}
                      </Button>
                    </Popconfirm>
                  </Space>
                ),
              },
            ]}
          />
        )}
      </Listing>
      <HookAddresses />
      {making && <MakeToken close={() => setMaking(false)} done={setOnce} wait={() => setWaits(true)} />}
    </>
  );
}

function MakeToken({
  close,
  done,
  wait,
}: {
  close: () => void;
  done: (token: string) => void;
  wait: () => void;
}) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const make = useMakeToken();
  const roles = useRoles();
  const [form] = Form.useForm<{ name: string; roles: string[]; addresses?: string[]; expires?: string }>();
  return (
    <Modal
      open
      title={t('tokens.make')}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ loading: make.isPending }}
      onOk={() => form.submit()}
      onCancel={close}
    >
      {make.error && <Trouble error={make.error} />}
      <Form
        form={form}
        layout="vertical"
        onFinish={({ expires, ...wish }) =>
          make.mutate(
            {
              ...wish,
              addresses: wish.addresses ?? [],
              expires_at: expires ? new Date(`${expires}T23:59:59`).toISOString() : null,
            },
            {
              onSuccess: (made) => {
                if ('token' in made) done(made.token);
                else wait();
                close();
              },
            },
          )
        }
      >
        <Form.Item name="name" label={t('tokens.name')} rules={[{ required: true }]}>
          <Input autoComplete="off" />
        </Form.Item>
        <Form.Item name="roles" label={t('people.roles')} rules={[{ required: true }]}>
          <Select
            mode="multiple"
            options={roles.data?.roles.map((role) => ({ value: role.id, label: role.title[language] })) ?? []}
          />
        </Form.Item>
        <Form.Item name="addresses" label={t('tokens.from')} extra={t('tokens.fromAbout')}>
          <Select mode="tags" open={false} />
        </Form.Item>
        <Form.Item name="expires" label={t('tokens.ends')} extra={t('tokens.endsAbout')}>
          <Input type="date" />
        </Form.Item>
      </Form>
    </Modal>
  );
}

export const Component = TokensPage;
