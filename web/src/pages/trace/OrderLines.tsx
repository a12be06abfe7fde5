// The lines of the order: how much of each has come to each stage.
import { Progress } from 'antd';
import { useTranslation } from 'react-i18next';

import type { Trail } from '../../api/trace';
import { useLanguage } from '../../i18n';
import { useMode } from '../../theme';
import { StateTag } from '../../widgets/StateTag';
import { money, quantity } from '../../widgets/figures';
import { looksOf } from '../../widgets/states';
import { stateOf } from './states';

export function OrderLines({ trail }: { trail: Trail }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { mode } = useMode();
  const looks = looksOf(mode);
  const stages = trail.stages.slice(1);
  return (
    <section className="panel">
      <h2 className="panel-title">{t('trace.lines')}</h2>
      <div className="table-scroll" tabIndex={0} role="group" aria-label={t('trace.lines')}>
        <table className="plain lines">
          <thead>
            <tr>
              <th>{t('trace.line')}</th>
              <th>{t('trace.item')}</th>
              <th className="right">{t('trace.ordered_quantity')}</th>
              <th className="right">{t('trace.amount')}</th>
              {stages.map((stage) => (
                <th key={stage.name}>{stage.title[language]}</th>
              ))}
              <th>{t('trace.status')}</th>
            </tr>
          </thead>
          <tbody>
            {trail.lines.map((line) => (
              <tr key={line.line} data-line={line.line}>
                <td className="number">{line.line}</td>
                <td>
                  <span className="mono">{line.item}</span>
                  {line.name && <span className="item-name">{line.name}</span>}
                </td>
                <td className="right number">{quantity(line.quantity, language, line.unit)}</td>
                <td className="right number">
                  {line.amount && money(line.amount, line.currency ?? trail.order?.currency, language)}
                </td>
                {stages.map((stage) => {
                  const reached = line.reached.find((each) => each.stage === stage.name);
                  const part = reached ? Math.min(100, (Number(reached.quantity) / Number(reached.of)) * 100) : 0;
                  return (
                    <td key={stage.name} className="reached" data-label={stage.title[language]}>
                      {reached ? (
                        <>
                          <span className="number">
                            {t('trace.of', {
                              done: quantity(reached.quantity, language),
                              all: quantity(reached.of, language),
                            })}
                          </span>
                          <Progress
                            percent={part}
                            showInfo={false}
                            size="small"
                            strokeColor={looks[reached.done ? 'done' : 'active'].line}
                            aria-label={`${line.item} ${stage.title[language]}`}
                          />
                        </>
                      ) : (
                        <span className="soft">—</span>
                      )}
                    </td>
                  );
                })}
                <td>{line.status[language] && <StateTag state={stateOf(line.state)}>{line.status[language]}</StateTag>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
