// Every call of a run: to whom, how often tried, what came back as proof.
import { Empty } from 'antd';
import { useTranslation } from 'react-i18next';

import type { InstanceDetail } from '../../api/instances';
import { useLanguage } from '../../i18n';
import { StateTag } from '../../widgets/StateTag';
import { Moment } from '../../widgets/time';
import { stateOfCall } from './states';

export function Calls({ run }: { run: InstanceDetail }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  if (run.calls.length === 0) return <Empty className="padded" description={t('instances.noCalls')} />;
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={t('instances.calls')}>
      <table className="plain" data-ready="calls">
        <thead>
          <tr>
            <th>{t('instances.system')}</th>
            <th>{t('instances.operation')}</th>
            <th>{t('instances.result')}</th>
            <th className="right">{t('instances.attempts')}</th>
            <th>{t('instances.evidence')}</th>
            <th>{t('instances.started')}</th>
          </tr>
        </thead>
        <tbody>
          {run.calls.map((call) => (
            <tr key={call.id}>
              <td>{call.system === 'hub' ? 'Lineshaft' : call.system_title[language]}</td>
              <td>
                {call.title[language]}
                {call.reason?.[language] && call.status !== 'done' && <div className="soft small">{call.reason[language]}</div>}
              </td>
              <td>
                <StateTag state={call.attempts > 1 && call.due_at ? 'retrying' : stateOfCall(call.status)}>
                  {t(`instances.callStatus.${call.status as 'done'}`)}
                </StateTag>
                {call.attempts > 1 && call.due_at && (
                  <div className="soft small">
                    {t('instances.nextTry')} <Moment at={call.due_at} />
                  </div>
                )}
              </td>
              <td className="right number">{call.attempts}</td>
              <td className="mono">{call.number}</td>
              <td>
                <Moment at={call.created_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
