// A table tried on values: what it answers, and by which rules.
import { Button, Input, Space } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type Table, useTrial } from '../../api/decisions';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';

interface Props {
  path: string;
  text: string;
  table: Table;
  onRules: (rules: Record<string, number[]>) => void;
}

const PLAIN = /^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/;

export function TryTable({ path, text, table, onRules }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const trial = useTrial();
  const [values, setValues] = useState<Record<string, string>>({});
  const asked = table.inputs.filter((each) => PLAIN.test(each.name));
  if (asked.length === 0) return null;
  const run = () =>
    trial.mutate(
      { file: { path, text }, decision: table.name, inputs: nested(values) },
      { onSuccess: (answer) => onRules(answer.rules) },
    );
  return (
    <div className="decision-trial">
      <Space wrap align="end">
        {asked.map((each) => (
          <label key={each.name}>
            <span className="soft">{each.label}</span>
            <Input
              value={values[each.name] ?? ''}
              onChange={(event) => setValues({ ...values, [each.name]: event.target.value })}
              onPressEnter={run}
              style={{ width: 160 }}
            />
          </label>
        ))}
        <Button onClick={run} loading={trial.isPending} data-action="try">
          {t('design.table.try')}
        </Button>
        {trial.data && (
          <output data-ready="trial">
            {t('design.table.answer')} <code>{JSON.stringify(trial.data.value)}</code>
          </output>
        )}
      </Space>
      {trial.error && <Trouble error={trial.error} />}
      {trial.data?.findings.map((each, index) => (
        <div className="decision-fault" key={index}>{each.message[language]}</div>
      ))}
    </div>
  );
}

/** `line.unit` and its like become objects; a number, true, false and null are what they look like, all else is text. */
function nested(values: Record<string, string>): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [path, written] of Object.entries(values)) {
    const parts = path.split('.');
    const last = parts.pop() ?? '';
    let at = found;
    for (const part of parts) at = (at[part] ??= {}) as Record<string, unknown>;
    at[last] = valueOf(written.trim());
  }
  return found;
}

function valueOf(written: string): unknown {
  if (written === '') return null;
  if (/^-?\d+(\.\d+)?$/.test(written)) return Number(written);
  return { true: true, false: false, null: null }[written] ?? written;
}
