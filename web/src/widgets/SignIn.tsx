// Shown in place of data where the hub answers 401.
import { useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Card, Form, Input } from 'antd';
import { useTranslation } from 'react-i18next';

import { token } from '../api/client';

export function SignIn() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const refused = token.get() !== null;
  return (
    <Card title={t('signIn.title')} style={{ maxWidth: 420, margin: '48px auto' }} data-ready="sign-in">
      <p>{t('signIn.why')}</p>
      {refused && <Alert type="error" showIcon title={t('signIn.refused')} style={{ marginBottom: 12 }} />}
      <Form
        layout="vertical"
        onFinish={({ value }: { value: string }) => {
          token.set(value.trim());
          void queries.resetQueries();
        }}
      >
        <Form.Item name="value" label={t('signIn.label')} rules={[{ required: true }]}>
          <Input.Password autoComplete="current-password" autoFocus />
        </Form.Item>
        <Button type="primary" htmlType="submit" block>
          {t('signIn.action')}
        </Button>
      </Form>
    </Card>
  );
}
