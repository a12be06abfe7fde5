// One drawing for business and IT: two views of it, comments on its nodes, and signatures of the same version.
import { Alert, Button, Input, Segmented, Skeleton } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useParams } from 'react-router';

import { useProcessXml } from '../../api/instances';
import { type Review, useReview, useSign } from '../../api/reviews';
import { Diagram } from '../../diagram/Diagram';
import { useLanguage } from '../../i18n';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';
import { Comments } from './Comments';
import { NodeFacts, type View } from './NodeFacts';
import './review.css';

const SIDES = ['business', 'technical'] as const;

export function Component() {
  const { id = '' } = useParams();
  const { t } = useTranslation();
  const { language } = useLanguage();
  const review = useReview(id);
  const xml = useProcessXml(review.data ? id : undefined, review.data?.release);
  const [selected, select] = useState<string>();
  const [view, look] = useState<View>();
  const found = review.data;
  const nodes = useMemo(
    () =>
      (found?.nodes ?? [])
        .filter((each) => each.open_comments > 0)
        .map((each) => ({ element: each.element, state: 'commented', duration_s: 0, here: each.open_comments, times: 1 })),
    [found],
  );
  const none = useMemo<string[]>(() => [], []);
  if (review.error && !found) return <Trouble error={review.error} retry={() => void review.refetch()} />;
  if (!found) return <Skeleton active paragraph={{ rows: 8 }} />;
  const shown = view ?? found.side ?? 'business';
  const node = found.nodes.find((each) => each.element === selected);
  return (
    <>
      <PageHead title={found.title[language]} about={t('reviews.about')}>
        <Segmented<View>
          value={shown}
          onChange={look}
          options={SIDES.map((side) => ({ value: side, label: t(`reviews.view.${side}`) }))}
        />
      </PageHead>
      <div className="review" data-ready="review" data-view={shown}>
        <section className="panel" aria-label={t('instances.diagram')}>
          {xml.data ? (
            <Diagram xml={xml.data} title={found.title[language]} nodes={nodes} flows={none} selected={selected} onSelect={select} />
          ) : (
            <Skeleton active className="padded" />
          )}
        </section>
        <aside className="review-side">
          {node ? <NodeFacts node={node} view={shown} /> : <p className="panel padded soft">{t('reviews.choose')}</p>}
          <Comments review={found} element={node?.element ?? ''} onSelect={select} />
          <Signatures review={found} />
        </aside>
      </div>
    </>
  );
}

function Signatures({ review }: { review: Review }) {
  const { t } = useTranslation();
  const sign = useSign(review.process_id);
  const [note, write] = useState('');
  const open = review.comments.filter((each) => !each.closed_at).length;
  return (
    <section className="panel padded" aria-label={t('reviews.signatures')} data-ready="signatures">
      <h2>{t('reviews.signatures')}</h2>
      <p className="soft small">{t('reviews.version', { version: review.version || '—', digest: review.digest.slice(0, 8) })}</p>
      <Alert
        type={review.agreed ? 'success' : 'info'}
        showIcon
        title={t(review.agreed ? 'reviews.agreed' : 'reviews.notAgreed')}
        data-agreed={review.agreed}
      />
      <ul className="review-signed">
        {review.signatures.map((each) => (
          <li key={`${each.side}-${each.by}`}>
            <strong>{each.by}</strong> · {t(`reviews.side.${each.side}`)} · <Moment at={each.at} />
            {each.note && <div className="soft">{each.note}</div>}
          </li>
        ))}
      </ul>
      {sign.error && <Trouble error={sign.error} />}
      {review.side && (
        <div className="review-write">
          <Input
            value={note}
            maxLength={500}
            aria-label={t('reviews.note')}
            placeholder={open > 0 ? t('reviews.stillOpen', { count: open }) : t('reviews.note')}
            onChange={({ target }) => write(target.value)}
          />
          <Button
            type="primary"
            loading={sign.isPending}
            data-action="sign"
            onClick={() => sign.mutate({ digest: review.digest, note }, { onSuccess: () => write('') })}
          >
            {t('reviews.sign', { side: t(`reviews.side.${review.side}`) })}
          </Button>
        </div>
      )}
    </section>
  );
}
