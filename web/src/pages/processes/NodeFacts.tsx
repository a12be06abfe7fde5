// What a node is: to the business who does what by when, to IT what is called with which values.
import { useTranslation } from 'react-i18next';

import type { ReviewNode } from '../../api/reviews';
import { useLanguage } from '../../i18n';
import { duration } from '../../widgets/figures';

export type View = 'business' | 'technical';
type Pair = ReviewNode['inputs'][number];

export function NodeFacts({ node, view }: { node: ReviewNode; view: View }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const facts: [string, React.ReactNode][] =
    view === 'business'
      ? [
          [t('reviews.does'), node.does[language]],
          [t('reviews.who'), node.who.map(plain).join(', ')],
          [t('reviews.instruction'), node.about],
          [t('reviews.due'), within(node.due, (time) => t('reviews.within', { time }), language)],
          [t('reviews.ways'), node.ways.some((each) => each.name) && node.ways.map((each) => each.name).filter(Boolean).join(' / ')],
        ]
      : [
          [t('reviews.id'), <code key="id">{node.element}</code>],
          [t('reviews.type'), <code key="type">{node.type}</code>],
          [t('reviews.job'), node.job && <code>{node.job}</code>],
          [t('reviews.who'), node.who.length > 0 && <code>{node.who.join(', ')}</code>],
          [t('reviews.due'), node.due && <code>{node.due}</code>],
          [t('reviews.ways'), pairs(node.ways)],
          [t('reviews.inputs'), pairs(node.inputs)],
          [t('reviews.outputs'), pairs(node.outputs)],
          [t('reviews.settings'), pairs(node.settings)],
        ];
  return (
    <section className="panel padded" data-ready="node" aria-label={t('reviews.node')}>
      <h2>{node.title[language] || node.element}</h2>
      <dl className="review-facts">
        {facts
          .filter(([, value]) => value)
          .map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

/** A duration after the node begins, in words; anything else as it stands. */
function within(due: string, said: (time: string) => string, language: 'zh' | 'en'): string {
  const [, days, hours, minutes] = /duration\("P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?"\)/.exec(due) ?? [];
  const seconds = Number(days ?? 0) * 86_400 + Number(hours ?? 0) * 3_600 + Number(minutes ?? 0) * 60;
  return seconds > 0 ? said(duration(seconds, language)) : plain(due);
}

/** An expression that only names a text is that text to the business. */
const plain = (said: string) => said.replace(/^=\s*"([^"]*)"$/, '$1');

const pairs = (found: Pair[]) =>
  found.length > 0 && (
    <ul className="review-pairs">
      {found.map((each, place) => (
        <li key={place}>
          {each.name && <code>{each.name}</code>} {each.value && <code className="soft">{each.value}</code>}
        </li>
      ))}
    </ul>
  );
