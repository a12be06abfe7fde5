// What the hub's own reader and compiler say of the drawing; a click shows the element.
import { CheckCircleFilled } from '@ant-design/icons';
import { Skeleton } from 'antd';
import { useTranslation } from 'react-i18next';

import type { Finding } from '../../api/design';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';

interface Props {
  path: string;
  findings: Finding[] | undefined;
  error: Error | null;
  names: (element: string) => string;
  onShow: (element: string) => void;
}

export function Findings({ path, findings, error, names, onShow }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const whereabouts = (line: number | null) => (line === null ? t('design.whole') : t('design.line', { line }));
  if (!findings) return error ? <Trouble error={error} /> : <Skeleton active paragraph={{ rows: 1 }} title={false} />;
  if (findings.length === 0) {
    return (
      <p className="design-clean" data-ready="clean">
        <CheckCircleFilled /> {t('design.clean')}
      </p>
    );
  }
  return (
    <ul className="design-findings" data-ready="findings" aria-label={t('design.findings')}>
      {findings.map((each, place) => (
        <li key={place} className={each.severity}>
          <button
            type="button"
            onClick={() => onShow(each.element)}
            disabled={each.path !== path || !each.element}
            data-finding={each.code}
          >
            <span className={`finding-mark ${each.severity}`}>
              {t(each.severity === 'error' ? 'design.error' : 'design.warning')}
            </span>
            <strong>{each.path === path ? names(each.element) || whereabouts(each.line) : each.path}</strong>
            <span>{each.message[language]}</span>
            {each.hint && <span className="soft">{each.hint[language]}</span>}
          </button>
        </li>
      ))}
    </ul>
  );
}
