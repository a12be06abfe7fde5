// Top bar, side menu, and the page between them.
import { DashboardOutlined, TranslationOutlined } from '@ant-design/icons';
import { Button, Layout, Menu } from 'antd';
import { useEffect } from 'react';
import { Link, Outlet, useLocation } from 'react-router';

import { useLanguage } from '../i18n';

export function Shell() {
  const { language, change, t } = useLanguage();
  const { pathname } = useLocation();
  useEffect(() => {
    document.title = `${t('menu.status')} · ${t('product.name')}`;
  }, [t, language]);
  const other = language === 'zh' ? 'en' : 'zh';
  return (
    <Layout style={{ minHeight: '100vh' }}>
      <Layout.Header className="topbar">
        <Link to="/" className="brand">
          <img src="/icon.svg" alt="" width={28} height={28} />
          {t('product.name')} <small>{t('product.subtitle')}</small>
        </Link>
        <span className="gap" />
        <Button
          ghost
          icon={<TranslationOutlined />}
          onClick={() => change(other)}
          aria-label={t('language.change')}
          lang={other === 'zh' ? 'zh-CN' : 'en'}
        >
          {t(`language.${other}`)}
        </Button>
      </Layout.Header>
      <Layout>
        <Layout.Sider width={200} breakpoint="md" collapsedWidth={48}>
          <Menu
            mode="inline"
            selectedKeys={[pathname]}
            items={[{ key: '/', icon: <DashboardOutlined />, label: <Link to="/">{t('menu.status')}</Link> }]}
          />
        </Layout.Sider>
        <Layout.Content>
          <main className="page">
            <Outlet />
          </main>
        </Layout.Content>
      </Layout>
    </Layout>
  );
}
