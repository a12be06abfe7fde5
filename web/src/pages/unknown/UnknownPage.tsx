// Answers first: what was sent without a reliable answer, and what waits for a code?
import { Tabs } from 'antd';
import { useTranslation } from 'react-i18next';
import { useSearchParams } from 'react-router';

import { useAwaited } from '../../api/bindings';
import { useUnknown } from '../../api/effects';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { count } from '../../widgets/time';
import { Outcome } from './Outcome';
import { ParkedTable } from './ParkedTable';
import './unknown.css';

export function UnknownPage() {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const [address, setAddress] = useSearchParams();
  const tab = address.get('tab') === 'parked' ? 'parked' : 'unknown';
  const unknown = useUnknown();
  const parked = useAwaited();
  const waiting = parked.data?.reduce((sum, each) => sum + each.count, 0);
  const named = (word: string, number: number | undefined) =>
    number ? `${word} (${count(number, language)})` : word;
  return (
    <>
      <PageHead title={t('unknown.title')} about={tab === 'parked' ? t('unknown.parkedAbout') : t('unknown.about')} />
      <section className="panel">
        <Tabs
          activeKey={tab}
          onChange={(next) => setAddress(next === 'parked' ? { tab: 'parked' } : {}, { replace: true })}
          className="tabs"
          items={[
            {
              key: 'unknown',
              label: named(t('unknown.tabUnknown'), unknown.data?.items.length),
              children: (
                <Listing query={unknown} isEmpty={(data) => data.items.length === 0} empty={t('unknown.empty')}>
                  {(data) => (
                    <ul className="outcomes" data-ready="outcomes">
                      {data.items.map((each) => (
                        <Outcome key={each.id} effect={each} />
                      ))}
                    </ul>
                  )}
                </Listing>
              ),
            },
            {
              key: 'parked',
              label: named(t('unknown.tabParked'), waiting),
              children: (
                <Listing query={parked} isEmpty={(data) => data.length === 0} empty={t('unknown.parkedEmpty')}>
                  {(data) => <ParkedTable rows={data} />}
                </Listing>
              ),
            },
          ]}
        />
      </section>
    </>
  );
}
