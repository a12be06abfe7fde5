// What the source has: its fields as a tree with samples; a click writes one into the chosen row.
import { Input } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { SourceField } from '../../../api/mappings';
import { useLanguage } from '../../../i18n';

interface Props {
  fields: SourceField[];
  /** The row that a click writes into; none: nothing can be chosen. */
  into: string | undefined;
  onTake: (path: string) => void;
}

export function SourceTree({ fields, into, onTake }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const [wanted, setWanted] = useState('');
  const groups = useMemo(() => grouped(fields, wanted.trim().toLowerCase()), [fields, wanted]);
  return (
    <section className="panel mapping-sources" aria-label={t('mapping.source')}>
      <h2>{t('mapping.source')}</h2>
      <Input
        size="small"
        allowClear
        aria-label={t('mapping.findField')}
        placeholder={t('mapping.findField')}
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      <p className="soft">{into ? t('mapping.clickInto', { field: into }) : t('mapping.chooseRow')}</p>
      {groups.map(([group, listed]) => (
        <details key={group} open>
          <summary className={group ? 'mono' : undefined}>{group || t('mapping.record')}</summary>
          <ul>
            {listed.map((each) => (
              <li key={each.path}>
                <button
                  type="button"
                  disabled={!into}
                  onClick={() => onTake(each.path)}
                  title={[each.label?.[language], each.type, ...each.samples].filter(Boolean).join(' · ')}
                  data-source={each.path}
                >
                  <span className="mono">{each.path.slice(group ? group.length + 1 : 0)}</span>
                  {each.label && <span>{each.label[language]}</span>}
                  {each.samples[0] && <span className="soft sample">{each.samples[0]}</span>}
                </button>
              </li>
            ))}
          </ul>
        </details>
      ))}
    </section>
  );
}

/** Fields by what they belong to: `lines[]` and its like. */
function grouped(fields: SourceField[], wanted: string): [string, SourceField[]][] {
  const found = new Map<string, SourceField[]>();
  for (const each of fields) {
    const words = `${each.path} ${each.label?.zh ?? ''} ${each.label?.en ?? ''}`.toLowerCase();
    if (wanted && !words.includes(wanted)) continue;
    const group = each.path.includes('.') ? each.path.replace(/\.[^.]*$/, '') : '';
    found.set(group, [...(found.get(group) ?? []), each]);
  }
  return [...found].sort(([one], [other]) => one.localeCompare(other));
}
