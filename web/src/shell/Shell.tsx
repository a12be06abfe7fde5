// Top bar, side menu by rights, and the page between them.
import { BellOutlined, InfoCircleOutlined, LogoutOutlined, MobileOutlined, UserOutlined } from '@ant-design/icons';
import { Badge, Button, Dropdown, Layout, Menu } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Outlet, useLocation } from 'react-router';

import { useInboxCounts } from '../api/inbox';
import { useOverview } from '../api/overview';
import { type Me, type Right, type Session, useSignOut } from '../api/session';
import { useLanguage } from '../i18n';
import { PAGES } from '../pages';
import { EnvironmentBadge } from './EnvironmentBadge';
import { LanguageButton, ModeButton } from './buttons';
import { LiveDot } from './LiveDot';
import { SearchBox } from './SearchBox';

// It draws a QR code, which few need and which weighs something.
const PhoneCode = lazy(async () => ({ default: (await import('../session/PhoneCode')).PhoneCode }));

const HowTold = lazy(async () => ({ default: (await import('../session/HowTold')).HowTold }));

export function Shell({ session, me }: { session: Session; me: Me }) {
  const { t } = useTranslation();
  return (
    <Layout className="shell">
      <a className="skip" href="#content">
        {t('top.skip')}
      </a>
      <Layout.Header className="topbar">
        <Link to="/" className="brand">
          <img src="/icon.svg" alt="" width={28} height={28} />
          {t('product.name')}
        </Link>
        <EnvironmentBadge session={session} />
        <SearchBox />
        <span className="gap" />
        <LiveDot />
        <ModeButton />
        <LanguageButton />
        <UserMenu me={me} />
      </Layout.Header>
      <Layout>
        <Layout.Sider width={184} breakpoint="lg" collapsedWidth={56}>
          <SideMenu me={me} />
        </Layout.Sider>
        <Layout.Content>
          <main className="page" id="content">
            <Outlet />
          </main>
        </Layout.Content>
      </Layout>
    </Layout>
  );
}

function SideMenu({ me }: { me: Me }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const overview = useOverview();
  const inbox = useInboxCounts((me.rights as Right[]).includes('tasks.read'));
  const allowed = PAGES.filter((page) => page.word && (me.rights as Right[]).includes(page.right));
  const here = allowed
    .filter((page) => page.path === pathname || (page.path !== '/' && pathname.startsWith(`${page.path}/`)))
    .map((page) => page.path);
  return (
    <nav aria-label={t('menu.label')}>
      <Menu
        mode="inline"
        selectedKeys={here}
        items={allowed.map((page) => ({
          key: page.path,
          icon: page.icon,
          label: (
            <Link to={page.path} className="menu-link">
              <span>{t(`menu.${page.word ?? 'map'}`)}</span>
              {page.figure && (
                <Badge
                  count={(page.figure === 'todo' ? inbox.data?.todo : overview.data?.[page.figure]) ?? 0}
                  overflowCount={page.figure === 'todo' ? 99 : 999}
                  color="#a8071a"
                  size="small"
                />
              )}
            </Link>
          ),
        }))}
      />
    </nav>
  );
}

function UserMenu({ me }: { me: Me }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const signOut = useSignOut();
  const [opened, open] = useState<'phone' | 'told'>();
  return (
    <>
      <Dropdown
        trigger={['click']}
        menu={{
          items: [
            ...(me.kind === 'user'
              ? [
                  { key: 'told', icon: <BellOutlined />, label: t('session.howTold') },
                  { key: 'phone', icon: <MobileOutlined />, label: t('session.phone') },
                ]
              : []),
            { key: 'about', icon: <InfoCircleOutlined />, label: <Link to="/licences">{t('licences.title')}</Link> },
            { key: 'out', icon: <LogoutOutlined />, label: t('top.signOut') },
          ],
          onClick: ({ key }) => {
            if (key === 'phone' || key === 'told') open(key);
            if (key === 'out') signOut.mutate();
          },
        }}
      >
        <Button type="text" className="on-dark" icon={<UserOutlined />} data-action="user">
          {me.title?.[language] ?? me.name}
        </Button>
      </Dropdown>
      <Suspense>
        {opened === 'phone' && <PhoneCode close={() => open(undefined)} />}
        {opened === 'told' && <HowTold close={() => open(undefined)} />}
      </Suspense>
    </>
  );
}
