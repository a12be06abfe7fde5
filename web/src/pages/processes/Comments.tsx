// What was said of a node, or of the whole process; each waits until somebody has dealt with it.
import { CheckOutlined } from '@ant-design/icons';
import { Button, Input, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Review, useCloseComment, useComment } from '../../api/reviews';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';

export function Comments({ review, element, onSelect }: { review: Review; element: string; onSelect: (element: string) => void }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const comment = useComment(review.process_id);
  const close = useCloseComment(review.process_id);
  const [text, write] = useState('');
  const named = (id: string) => {
    const title = review.nodes.find((each) => each.element === id)?.title[language];
    return title || id;
  };
  const shown = review.comments.filter((each) => !element || each.element === element);
  const trouble = comment.error ?? close.error;
  return (
    <section className="panel padded" aria-label={t('reviews.comments')}>
      <h2>{t('reviews.comments')}</h2>
      <ul className="review-comments" data-ready="comments">
        {shown.map((each) => (
          <li key={each.id} className={each.closed_at ? 'is-closed' : ''} data-comment={each.closed_at ? 'closed' : 'open'}>
            <p>{each.text}</p>
            <div className="soft small">
              {!element && each.element && (
                <Button type="link" size="small" onClick={() => onSelect(each.element)}>
                  {named(each.element)}
                </Button>
              )}
              {each.by} · {t(`reviews.side.${each.side}`)} · <Moment at={each.at} />
              {!each.of_this_version && <Tag>{t('reviews.earlier')}</Tag>}
              {each.closed_at && <> · {t('reviews.closedBy', { name: each.closed_by })}</>}
              {!each.closed_at && review.side && (
                <Button size="small" icon={<CheckOutlined />} loading={close.isPending} onClick={() => close.mutate(each.id)} data-action="close-comment">
                  {t('reviews.close')}
                </Button>
              )}
            </div>
          </li>
        ))}
      </ul>
      {shown.length === 0 && <p className="soft">{t('reviews.noComment')}</p>}
      {trouble && <Trouble error={trouble} />}
      {review.side && (
        <div className="review-write">
          <Input.TextArea
            value={text}
            rows={2}
            maxLength={2000}
            aria-label={t('reviews.write')}
            placeholder={element ? t('reviews.writeOf', { node: named(element) }) : t('reviews.write')}
            onChange={({ target }) => write(target.value)}
          />
          <Button
            disabled={!text.trim()}
            loading={comment.isPending}
            data-action="comment"
            onClick={() => comment.mutate({ text, element }, { onSuccess: () => write('') })}
          >
            {t('reviews.send')}
          </Button>
        </div>
      )}
    </section>
  );
}
