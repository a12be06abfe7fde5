// What a run waits for, and what it waited for: messages by name and key, timers by their time.
import { Skeleton } from 'antd';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

import { useHistory } from '../../api/moves';
import { StateTag } from '../../widgets/StateTag';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';
import { type Wait, waitsOf } from './past';

interface Props {
  id: string;
  ended: boolean;
  named: (element: string) => string;
}

export function Messages({ id, ended, named }: Props) {
  const { t } = useTranslation();
  const history = useHistory(id);
  const waits = useMemo(() => waitsOf(history.data?.pages.flatMap(({ items }) => items) ?? []), [history.data]);
  if (history.isPending) return <Skeleton active className="padded" paragraph={{ rows: 3 }} />;
  if (history.error) return <Trouble error={history.error} retry={() => void history.refetch()} />;
  const state = (wait: Wait) => (wait.came ? 'came' : wait.over || ended ? 'over' : 'waits');
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={t('instances.messages')} data-ready="messages">
      <table className="plain">
        <thead>
          <tr>
            <th>{t('instances.element')}</th>
            <th>{t('instances.waitsFor')}</th>
            <th>{t('instances.key')}</th>
            <th>{t('instances.since')}</th>
            <th>{t('instances.state')}</th>
          </tr>
        </thead>
        <tbody>
          {waits.map((each) => (
            <tr key={each.key} data-wait={state(each)}>
              <td>{named(each.element)}</td>
              <td>{each.kind === 'timer' ? <Moment at={each.name} /> : <code>{each.name}</code>}</td>
              <td>{each.correlation}</td>
              <td>
                <Moment at={each.since} />
              </td>
              <td>
                <StateTag state={each.came ? 'done' : state(each) === 'over' ? 'cancelled' : 'waiting'}>
                  {t(`instances.wait.${state(each)}`)}
                </StateTag>{' '}
                {each.came && <Moment at={each.came} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {waits.length === 0 && <p className="soft padded">{t('instances.noMessages')}</p>}
    </div>
  );
}
