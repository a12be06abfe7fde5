// The steps of a run as a table: what the diagram shows, for everybody who cannot see it.
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';

import type { RunNode } from '../../api/instances';
import { useLanguage } from '../../i18n';
import { StateTag } from '../../widgets/StateTag';
import { duration } from '../../widgets/figures';
import { Moment } from '../../widgets/time';
import { stateOfNode } from './states';

interface Props {
  nodes: RunNode[];
  selected: string | undefined;
  onSelect: (element: string) => void;
}

export function Nodes({ nodes, selected, onSelect }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    // It returns a promise in newer browsers, which is nothing to clean up with.
    void row.current?.scrollIntoView({ block: 'nearest' });
  }, [selected]);
  // Gateways and the like without a name say nothing in a table.
  const named = nodes.filter((node) => node.type !== '');
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={t('instances.nodes')}>
      <table className="plain nodes" data-ready="nodes">
        <thead>
          <tr>
            <th>{t('instances.element')}</th>
            <th>{t('instances.state')}</th>
            <th>{t('instances.started')}</th>
            <th className="right">{t('instances.duration')}</th>
            <th className="right">{t('instances.times')}</th>
            <th className="right">{t('instances.attempts')}</th>
            <th>{t('instances.evidence')}</th>
          </tr>
        </thead>
        <tbody>
          {named.map((node) => (
            <tr
              key={node.element}
              ref={node.element === selected ? row : null}
              className={node.element === selected ? 'selected' : ''}
              aria-selected={node.element === selected}
              data-element={node.element}
              onClick={() => onSelect(node.element)}
            >
              <td>
                <button type="button" className="plain-button" onClick={() => onSelect(node.element)}>
                  {node.title[language]}
                </button>
                {node.detail?.[language] && <div className="soft small">{node.detail[language]}</div>}
              </td>
              <td>
                <StateTag state={stateOfNode(node.state)} />
              </td>
              <td>
                <Moment at={node.started_at} />
              </td>
              <td className="right number">{duration(node.duration_s, language)}</td>
              <td className="right number">{node.times}</td>
              <td className="right number">{node.attempts || ''}</td>
              <td className="mono">{node.number}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
