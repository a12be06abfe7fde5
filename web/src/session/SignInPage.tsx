// Sign in by name, with the firm's account or an access key; in a demo's hub also as one of its roles.
import {
  AccountBookOutlined,
  CalendarOutlined,
  CodeOutlined,
  CrownOutlined,
  IdcardOutlined,
  ShopOutlined,
  ShoppingCartOutlined,
  TeamOutlined,
  ToolOutlined,
} from '@ant-design/icons';
import { Alert, Button, Card, Divider } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useNavigate } from 'react-router';

import { ApiError } from '../api/client';
import { type Session, type SignInBody, useSignIn } from '../api/session';
import { useLanguage } from '../i18n';
import { EnvironmentBadge } from '../shell/EnvironmentBadge';
import { LanguageButton, ModeButton } from '../shell/buttons';
import { Trouble } from '../widgets/Trouble';
import { homeOf } from './home';
import { SignInForm } from './SignInForm';

const ICONS: Record<string, ReactNode> = {
  sales: <TeamOutlined />,
  planning: <CalendarOutlined />,
  warehouse: <ShopOutlined />,
  buyer: <ShoppingCartOutlined />,
  finance: <AccountBookOutlined />,
  technician: <ToolOutlined />,
  hr: <IdcardOutlined />,
  it: <CodeOutlined />,
  boss: <CrownOutlined />,
};

export function SignInPage({ session }: { session: Session }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const navigate = useNavigate();
  const { pathname, search } = useLocation();
  const signIn = useSignIn();
  useEffect(() => {
    document.title = `${t('session.title')} · ${t('product.name')}`;
  }, [t]);
  const enter = (body: SignInBody) =>
    signIn.mutate(body, {
      onSuccess: (answer) => {
        if (pathname === '/' && answer.me) void navigate(homeOf(answer.me), { replace: true });
      },
    });
  const refused = signIn.error instanceof ApiError && signIn.error.code === 'key_unknown';
  const roles = session.demo_roles;
  // The identity provider's answer was not taken: the hub has sent the browser back with the reason's name.
  const cameBack = new URLSearchParams(search).get('sign_in');
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
          {(signIn.error ?? cameBack) && (
            <div className="notice">
              {refused || !signIn.error ? (
                <Alert type="error" showIcon title={refused ? t('session.refused') : t('session.outside')} />
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
          {session.oidc && (
            <Button block href="/api/v1/session/oidc" style={{ marginBottom: 12 }} data-action="oidc">
              {session.oidc[language]}
            </Button>
          )}
          <SignInForm byKey={roles.length > 0} busy={signIn.isPending} error={signIn.error} enter={enter} />
        </Card>
      </main>
    </div>
  );
}
