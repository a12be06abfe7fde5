// What the mapping is tried on, and what comes out as a whole.
import { Alert, Input, Select } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';

import type { MappingTrial, Sample } from '../../../api/mappings';
import { useLanguage } from '../../../i18n';
import { Trouble } from '../../../widgets/Trouble';
import { moment } from '../../../widgets/time';

interface Props {
  samples: Sample[];
  sample: Sample | undefined;
  trial: MappingTrial | undefined;
  error: Error | null;
  onSample: (sample: Sample | undefined) => void;
}

export function SamplePanel({ samples, sample, trial, error, onSample }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const [own, setOwn] = useState('');
  const [isWrong, setWrong] = useState(false);
  const write = (text: string) => {
    setOwn(text);
    try {
      const record: unknown = JSON.parse(text);
      setWrong(false);
      onSample({ origin: 'test', name: '', at: null, record, parameters: sample?.parameters ?? {} });
    } catch {
      setWrong(text.trim() !== '');
    }
  };
  const choose = (index: number) => {
    const chosen = samples[index];
    setOwn(chosen ? JSON.stringify(chosen.record, null, 2) : '');
    setWrong(false);
    onSample(chosen);
  };
  return (
    <section className="panel mapping-sample" aria-label={t('mapping.trial')}>
      <h2>{t('mapping.trial')}</h2>
      <Select<number>
        aria-label={t('mapping.sample')}
        placeholder={samples.length ? t('mapping.sample') : t('mapping.noSamples')}
        onChange={choose}
        options={samples.map((each, value) => ({
          value,
          label: each.origin === 'past' && each.at ? `${each.name} · ${moment(each.at, language)}` : t('mapping.example', { name: each.name }),
        }))}
        data-action="sample"
      />
      <Input.TextArea
        aria-label={t('mapping.ownRecord')}
        placeholder={t('mapping.ownRecord')}
        className="mono"
        rows={8}
        value={own}
        status={isWrong ? 'error' : ''}
        onChange={(event) => write(event.target.value)}
      />
      {isWrong && <div className="decision-fault" role="alert">{t('mapping.noJson')}</div>}
      {error && <Trouble error={error} />}
      {trial?.missing.map((each) => (
        <Alert
          key={`${each.type} ${each.id}`}
          type="warning"
          showIcon
          title={t('mapping.missing', { type: each.type, system: each.system, id: each.id, target: each.wanted_in })}
          description={
            <>
              {each.candidates.length > 0 && <div>{t('mapping.near', { names: each.candidates.join(' · ') })}</div>}
              <Link to="/bindings">{t('mapping.bind')}</Link>
            </>
          }
        />
      ))}
      {trial && trial.records.length > 0 && (
        <pre className="mapping-record" data-ready="mapped" tabIndex={0}>{JSON.stringify(trial.records.length === 1 ? trial.records[0] : trial.records, null, 2)}</pre>
      )}
    </section>
  );
}
