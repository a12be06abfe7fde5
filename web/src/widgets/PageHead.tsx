// The head of every page: its name, what it answers, what one can do; it also names the browser's tab.
import { Typography } from 'antd';
import { type ReactNode, useEffect } from 'react';
import { useTranslation } from 'react-i18next';

export function PageHead({ title, about, children }: { title: string; about?: ReactNode; children?: ReactNode }) {
  const { t } = useTranslation();
  useEffect(() => {
    document.title = `${title} · ${t('product.name')}`;
  }, [title, t]);
  return (
    <div className="page-head">
      <h1>{title}</h1>
      {about && (
        <Typography.Text type="secondary" className="about">
          {about}
        </Typography.Text>
      )}
      <span className="gap" />
      {children}
    </div>
  );
}
