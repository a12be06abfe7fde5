// Login and password (and the code of the phone, when it is asked for), or an access key.
import { Button, Form, Input } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { ApiError } from '../api/client';
import type { SignInBody } from '../api/session';

interface Props {
  /** Whether an access key is asked for at first. */
  byKey: boolean;
  busy: boolean;
  error: Error | null;
  enter: (body: SignInBody) => void;
}

export function SignInForm({ byKey, busy, error, enter }: Props) {
  const { t } = useTranslation();
  const [key, setKey] = useState(byKey);
  const needsCode = error instanceof ApiError && error.code === 'code_needed';
  const [wantsCode, setWantsCode] = useState(false);
  if (needsCode && !wantsCode) setWantsCode(true);
  return (
    <>
      {key ? (
        <Form layout="vertical" onFinish={(given: { key: string }) => enter({ key: given.key.trim() })} className="key">
          <Form.Item
            name="key"
            label={t('session.key')}
            rules={[{ required: true, message: t('session.keyMissing') }]}
            extra={t('session.keyFrom')}
          >
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          <Button type={byKey ? 'default' : 'primary'} htmlType="submit" loading={busy} block>
            {t('session.action')}
          </Button>
        </Form>
      ) : (
        <Form layout="vertical" onFinish={enter} className="key" data-ready="by-password">
          <Form.Item name="login" label={t('session.login')} rules={[{ required: true, message: t('session.loginMissing') }]}>
            <Input autoComplete="username" autoFocus />
          </Form.Item>
          <Form.Item
            name="password"
            label={t('session.password')}
            rules={[{ required: true, message: t('session.passwordMissing') }]}
          >
            <Input.Password autoComplete="current-password" />
          </Form.Item>
          {wantsCode && (
            <Form.Item name="code" label={t('session.code')} extra={t('session.codeFrom')}>
              <Input autoComplete="one-time-code" inputMode="numeric" autoFocus />
            </Form.Item>
          )}
          <Button type="primary" htmlType="submit" loading={busy} block>
            {t('session.action')}
          </Button>
        </Form>
      )}
      <Button type="link" size="small" onClick={() => setKey(!key)}>
        {key ? t('session.byPassword') : t('session.byKey')}
      </Button>
    </>
  );
}
