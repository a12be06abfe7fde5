// Sign in with an access key; in a demo's hub also as one of its roles, with one click.
import {
  AccountBookOutlined,
  CalendarOutlined,
  CodeOutlined,
  CrownOutlined,
  ShopOutlined,
  TeamOutlined,
} from '@ant-design/icons';
import { Alert, Button, Card, Divider, Form, Input } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from 'react-router';

import { ApiError } from '../api/client';
import { type Session, useSignIn } from '../api/session';
import { useLanguage } from '../i18n';
import { EnvironmentBadge } from '../shell/EnvironmentBadge';
import { LanguageButton, ModeButton } from '../shell/buttons';
import { Trouble } from '../widgets/Trouble';
import { homeOf } from './home';

const ICONS: Record<string, ReactNode> = {
  sales: <TeamOutlined />,
  planning: <CalendarOutlined />,
  warehouse: <ShopOutlined />,
  finance: <AccountBookOutlined />,
  it: <CodeOutlined />,
  boss: <CrownOutlined />,
};

export function SignInPage({ session }: { session: Session }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const signIn = useSignIn();
  useEffect(() => {
    document.title = `${t('session.title')} · ${t('product.name')}`;
  }, [t]);
  const enter = (body: { key?: string; demo_role?: string }) =>
    signIn.mutate(body, {
      onSuccess: (answer) => {
        if (pathname === '/' && answer.me) void navigate(homeOf(answer.me), { replace: true });
      },
    });
  const refused = signIn.error instanceof ApiError && [401, 403].includes(signIn.error.status);
  const roles = session.demo_roles;
  return (
    <div className="sign-in" data-ready="sign-in">
      <header className="topbar">
        <span className="brand">
          <img src="/icon.svg" alt="" width={28} height={28} />
          {t('product.name')} <small>{t('product.subtitle')}</small>
        </span>
        <EnvironmentBadge session={session} />
        <span className="gap" />
        <ModeButton />
        <LanguageButton />
      </header>
      <main>
        <Card className={roles.length > 0 ? 'wide' : 'narrow'}>
          <h1>{t('session.title')}</h1>
          {signIn.error && (
            <div className="notice">
              {refused ? (
                <Alert type="error" showIcon title={t('session.refused')} />
              ) : (
                <Trouble error={signIn.error} />
              )}
            </div>
          )}
          {roles.length > 0 && (
            <>
              <p className="lead">{t('session.chooseRole')}</p>
              <ul className="roles">
                {roles.map((role) => (
                  <li key={role.name}>
                    <button
                      type="button"
                      data-role={role.name}
                      onClick={() => enter({ demo_role: role.name })}
                      disabled={signIn.isPending}
                    >
                      <span className="icon" aria-hidden>
                        {ICONS[role.name] ?? <TeamOutlined />}
                      </span>
                      <strong>{role.title[language]}</strong>
                      <span className="about">{role.about[language]}</span>
                    </button>
                  </li>
                ))}
              </ul>
              <Divider plain>{t('session.or')}</Divider>
            </>
          )}
          {roles.length === 0 && <p className="lead">{t('session.why')}</p>}
          <Form layout="vertical" onFinish={({ key }: { key: string }) => enter({ key: key.trim() })} className="key">
            <Form.Item
              name="key"
              label={t('session.key')}
              rules={[{ required: true, message: t('session.keyMissing') }]}
              extra={t('session.keyFrom')}
            >
              <Input.Password autoComplete="current-password" />
            </Form.Item>
            <Button type={roles.length > 0 ? 'default' : 'primary'} htmlType="submit" loading={signIn.isPending} block>
              {t('session.action')}
            </Button>
          </Form>
        </Card>
      </main>
    </div>
  );
}
