// Search: whatever a person has in hand leads to the trail.
import { RightOutlined, SearchOutlined, UserOutlined } from '@ant-design/icons';
import { Alert, Empty, Input } from 'antd';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from 'react-router';

import { type Hit, useSearch } from '../../api/trace';
import { useLanguage } from '../../i18n';
import { Listing } from '../../widgets/Listing';
import { PageHead } from '../../widgets/PageHead';
import { StateTag } from '../../widgets/StateTag';
import { day, money } from '../../widgets/figures';
import { useNames } from '../../widgets/names';
import { Ago } from '../../widgets/time';
import { stateOf } from './states';

export function SearchView() {
  const { t } = useTranslation();
  const [params, setParams] = useSearchParams();
  const asked = params.get('q') ?? '';
  const [text, setText] = useState(asked);
  useEffect(() => setText(asked), [asked]);
  useEffect(() => {
    if (text.trim() === asked) return;
    const timer = setTimeout(() => setParams(text.trim() ? { q: text.trim() } : {}, { replace: true }), 250);
    return () => clearTimeout(timer);
  }, [text, asked, setParams]);
  const found = useSearch(asked);
  return (
    <>
      <PageHead title={t('trace.title')} about={t('trace.searchAbout')} />
      <Input
        className="trace-search"
        size="large"
        type="search"
        autoFocus
        allowClear
        prefix={<SearchOutlined />}
        aria-label={t('trace.searchLabel')}
        placeholder={t('trace.searchLabel')}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <section className="panel" aria-label={asked ? t('trace.hits') : t('trace.newest')}>
        <h2 className="panel-title">{asked ? t('trace.hits') : t('trace.newest')}</h2>
        <Listing
          query={found}
          isEmpty={(data) => data.hits.length === 0}
          empty={t('trace.noneYet')}
          filter={
            asked
              ? { empty: `${t('trace.nothing', { text: asked })} ${t('trace.nothingHint')}`, clear: () => setText('') }
              : undefined
          }
        >
          {(data) => (
            <>
              <ul className="hits" data-ready="hits">
                {data.hits.map((hit) => (
                  <li key={`${hit.type}-${hit.system}-${hit.kind}-${hit.number}`}>
                    {hit.type === 'customer' ? <Customer hit={hit} /> : <Document hit={hit} />}
                  </li>
                ))}
              </ul>
              {data.more && <Alert type="info" banner showIcon title={t('trace.more')} />}
            </>
          )}
        </Listing>
      </section>
    </>
  );
}

function Customer({ hit }: { hit: Hit }) {
  const { t } = useTranslation();
  return (
    <Link to={`/trace?q=${encodeURIComponent(hit.customer ?? hit.number)}`} className="hit hit-customer">
      <span className="hit-number">
        <UserOutlined /> {hit.customer}
      </span>
      <span className="soft">
        {t('trace.customer')} {hit.customer_code}
      </span>
      <RightOutlined className="soft hit-go" />
    </Link>
  );
}

function Document({ hit }: { hit: Hit }) {
  const { language } = useLanguage();
  const names = useNames();
  return (
    <Link to={`/trace/${encodeURIComponent(hit.number)}`} className="hit">
      <span className="hit-number mono">{hit.number}</span>
      <span className="soft hit-kind">
        {names.mark(hit.system)} · {hit.kind_title[language]}
      </span>
      <span className="hit-customer-name">{hit.customer}</span>
      <span className="number hit-amount">{hit.amount && money(hit.amount, hit.currency, language)}</span>
      <span className="soft number hit-due">{hit.due_on && day(hit.due_on, language)}</span>
      <StateTag state={stateOf(hit.state)}>{hit.status[language]}</StateTag>
      <span className="soft hit-at">{hit.at && <Ago at={hit.at} />}</span>
    </Link>
  );
}

export function NothingKnown({ number }: { number: string }) {
  const { t } = useTranslation();
  return (
    <Empty
      className="padded panel"
      description={
        <>
          <strong>{t('trace.notFound', { number })}</strong>
          <br />
          {t('trace.notFoundHint')}
        </>
      }
      data-ready="unknown-number"
    >
      <Link to={`/trace?q=${encodeURIComponent(number)}`}>{t('trace.searchAgain')}</Link>
    </Empty>
  );
}
