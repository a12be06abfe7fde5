// What happened to a run, fact by fact, oldest first; what people did stands out.
import { Button, Checkbox, Skeleton } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useHistory } from '../../api/moves';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';
import { type Fact, factsOf } from './past';

interface Props {
  id: string;
  named: (element: string) => string;
}

export function History({ id, named }: Props) {
  const { t, i18n } = useTranslation();
  const history = useHistory(id);
  const [byHand, onlyByHand] = useState(false);
  const facts = useMemo(() => factsOf(history.data?.pages.flatMap(({ items }) => items) ?? []), [history.data]);
  if (history.isPending) return <Skeleton active className="padded" paragraph={{ rows: 4 }} />;
  if (history.error) return <Trouble error={history.error} retry={() => void history.refetch()} />;
  const shown = byHand ? facts.filter((each) => each.byHand) : facts;
  const said = ({ kind }: Fact) => (i18n.exists(`instances.fact.${kind}`) ? t(`instances.fact.${kind as 'instance_started'}`) : kind);
  return (
    <div className="padded" data-ready="history">
      <Checkbox checked={byHand} onChange={({ target }) => onlyByHand(target.checked)}>
        {t('instances.onlyByHand')}
      </Checkbox>
      <div className="table-scroll" tabIndex={0} role="group" aria-label={t('instances.history')}>
        <table className="plain">
          <thead>
            <tr>
              <th>{t('instances.at')}</th>
              <th>{t('instances.what')}</th>
              <th>{t('instances.element')}</th>
              <th>{t('instances.about2')}</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((each, place) => (
              <tr key={place} data-fact={each.kind} className={each.byHand ? 'by-hand' : ''}>
                <td>
                  <Moment at={each.at} />
                </td>
                <td>{said(each)}</td>
                <td>{each.element && named(each.element)}</td>
                <td>{each.about}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === 0 && <p className="soft">{t('instances.noHistory')}</p>}
      {history.hasNextPage && (
        <Button loading={history.isFetchingNextPage} onClick={() => void history.fetchNextPage()}>
          {t('common.more')}
        </Button>
      )}
    </div>
  );
}
