// The states that every list has: loading, trouble, empty, empty by a filter, old; else its content.
import type { UseQueryResult } from '@tanstack/react-query';
import { Alert, Button, Empty, Skeleton } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

import { useLanguage } from '../i18n';
import { Trouble } from './Trouble';
import { moment } from './time';

interface Props<T> {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'isPending' | 'dataUpdatedAt'> & { refetch: () => unknown };
  isEmpty: (data: T) => boolean;
  /** Says what would appear here. */
  empty: ReactNode;
  /** Where a filter is set: how to take it away. */
  filter?: { empty: ReactNode; clear: () => void } | undefined;
  /** Rows of the skeleton. */
  rows?: number;
  children: (data: T) => ReactNode;
}

export function Listing<T>({ query, isEmpty, empty, filter, rows = 4, children }: Props<T>) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const again = () => void query.refetch();
  if (query.isPending) return <Skeleton active paragraph={{ rows }} className="padded" />;
  if (query.data === undefined) return query.error && <Trouble error={query.error} retry={again} />;
  return (
    <>
      {query.error && (
        <Alert
          type="warning"
          showIcon
          banner
          title={t('common.stale', { time: moment(new Date(query.dataUpdatedAt).toISOString(), language) })}
          data-ready="stale"
        />
      )}
      {!isEmpty(query.data) && children(query.data)}
      {isEmpty(query.data) &&
        (filter ? (
          <Empty className="padded" description={filter.empty} data-ready="filtered-empty">
            <Button onClick={filter.clear}>{t('common.clearFilter')}</Button>
          </Empty>
        ) : (
          <Empty className="padded" description={empty} data-ready="empty" />
        ))}
    </>
  );
}
