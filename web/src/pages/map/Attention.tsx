// What waits for a person, the most frequent cause first; each line leads to its documents.
import { CheckCircleTwoTone } from '@ant-design/icons';
import { Empty } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import { useCauses } from '../../api/deadLetters';
import { useParked, useUnknown } from '../../api/effects';
import { useMay } from '../../api/session';
import { useSystems } from '../../api/systems';
import { useLanguage } from '../../i18n';
import { StateTag } from '../../widgets/StateTag';
import type { State } from '../../widgets/states';
import { reasonOf, useNames } from '../../widgets/names';
import { Ago, count } from '../../widgets/time';

const LINES = 6;

interface Line {
  key: string;
  state: State;
  word: string;
  where: string;
  reason: ReactNode;
  number: number;
  since: string;
  to: string;
}

export function Attention() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const operates = useMay('operate');
  const causes = useCauses();
  const unknown = useUnknown();
  const parked = useParked();
  const systems = useSystems();
  const names = useNames();
  if (!systems.data?.length || causes.data === undefined || unknown.data === undefined || parked.data === undefined) {
    return null;
  }
  const lines: Line[] = [
    ...causes.data.map((each) => ({
      key: `dead/${each.cause}/${each.system ?? ''}/${each.operation ?? ''}`,
      state: 'failed' as const,
      word: t('map.dead'),
      where: names.operation(each.system, each.operation),
      reason: reasonOf(each.error_class, each.error_text, language, t),
      number: each.count,
      since: each.oldest_at,
      to: `/dead-letters?cause=${encodeURIComponent(each.cause)}`,
    })),
    ...unknown.data.items.map((each) => ({
      key: `unknown/${each.id}`,
      state: 'retrying' as const,
      word: t('map.unknown'),
      where: names.operation(each.system, each.operation),
      reason: each.business_key ?? '',
      number: 1,
      since: each.attempted_at ?? each.created_at,
      to: '/unknown',
    })),
    ...parked.data.groups.map((each) => ({
      key: `parked/${each.reference}`,
      state: 'waiting' as const,
      word: t('map.parked'),
      where: names.system(each.system),
      reason: names.missing(each),
      number: each.items.length,
      since: each.items.at(-1)?.created_at ?? '',
      to: '/unknown?tab=parked',
    })),
  ].slice(0, LINES);
  return (
    <section className="attention panel" data-ready="attention">
      <h2>{t('map.attention')}</h2>
      {lines.length === 0 ? (
        <Empty
          className="padded"
          image={<CheckCircleTwoTone twoToneColor="#389e0d" style={{ fontSize: 40 }} />}
          styles={{ image: { height: 48 } }}
          description={
            <>
              <strong>{t('map.attentionNone')}</strong>
              <br />
              {t('map.attentionNoneWhy')}
            </>
          }
        />
      ) : (
        <ul>
          {lines.map((line) => (
            <li key={line.key}>
              <span>
                <StateTag state={line.state}>{line.word}</StateTag>
              </span>
              <span className="reason">{line.where}</span>
              <span className="reason">{line.reason}</span>
              <span className="figure number">
                {operates ? (
                  <Link to={line.to}>{t('map.failures', { count: line.number })}</Link>
                ) : (
                  count(line.number, language)
                )}
              </span>
              <span className="age">
                <Ago at={line.since} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
