// Why documents fail: many failures are mostly one.
import type { UseQueryResult } from '@tanstack/react-query';
import { Skeleton } from 'antd';
import { useTranslation } from 'react-i18next';

import type { Cause } from '../../api/deadLetters';
import { useLanguage } from '../../i18n';
import { reasonOf, useNames } from '../../widgets/names';
import { Ago, count } from '../../widgets/time';

interface Props {
  causes: UseQueryResult<Cause[]>;
  chosen: string | undefined;
  choose: (cause: string | undefined) => void;
}

export function Causes({ causes, chosen, choose }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const names = useNames();
  const found = causes.data ?? [];
  const sum = found.reduce((all, each) => all + each.count, 0);
  return (
    <nav className="panel causes" aria-label={t('deadLetters.causes')}>
      {causes.isPending && <Skeleton active paragraph={{ rows: 3 }} className="padded" />}
      <ul data-ready="causes">
        <li>
          <button type="button" aria-pressed={chosen === undefined} onClick={() => choose(undefined)}>
            <span className="head">
              <strong>{t('deadLetters.causesAll')}</strong>
              <span className="number figure">{count(sum, language)}</span>
            </span>
          </button>
        </li>
        {found.map((each) => (
          <li key={`${each.cause}/${each.system ?? ''}/${each.operation ?? ''}`}>
            <button type="button" aria-pressed={chosen === each.cause} onClick={() => choose(each.cause)}>
              <span className="head">
                <strong>{names.operation(each.system, each.operation)}</strong>
                <span className="number figure">{count(each.count, language)}</span>
              </span>
              <span className="reason">{reasonOf(each.error_class, each.error_text, language, t)}</span>
              <span className="age">
                <Ago at={each.newest_at} />
              </span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
