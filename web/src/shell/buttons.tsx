// Language and light or dark: both change at once, without a reload.
import { MoonOutlined, SunOutlined } from '@ant-design/icons';
import { Button, Tooltip } from 'antd';

import { useLanguage } from '../i18n';
import { useMode } from '../theme';

export function LanguageButton() {
  const { language, change, t } = useLanguage();
  const other = language === 'zh' ? 'en' : 'zh';
  return (
    <Tooltip title={t('top.language')}>
      <Button
        type="text"
        className="on-dark"
        onClick={() => change(other)}
        lang={other === 'zh' ? 'zh-CN' : 'en'}
        data-action="language"
      >
        {t(`top.${other}`)}
      </Button>
    </Tooltip>
  );
}

export function ModeButton() {
  const { t } = useLanguage();
  const { mode, change } = useMode();
  const other = mode === 'dark' ? 'light' : 'dark';
  return (
    <Tooltip title={t(`top.${other}`)}>
      <Button
        type="text"
        className="on-dark"
        icon={mode === 'dark' ? <SunOutlined /> : <MoonOutlined />}
        onClick={() => change(other)}
        aria-label={t(`top.${other}`)}
        data-action="mode"
      />
    </Tooltip>
  );
}
