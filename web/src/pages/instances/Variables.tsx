// What a run holds, as its rights allow.
import { Empty } from 'antd';
import { useTranslation } from 'react-i18next';

export function Variables({ variables }: { variables: Record<string, Record<string, unknown>> | null }) {
  const { t } = useTranslation();
  if (variables === null) return <Empty className="padded" description={t('instances.variablesHidden')} />;
  const rows = Object.entries(variables).flatMap(([scope, values]) =>
    Object.entries(values).map(([name, value]) => ({ key: `${scope}/${name}`, name, value })),
  );
  if (rows.length === 0) return <Empty className="padded" description={t('instances.noVariables')} />;
  return (
    <dl className="variables" data-ready="variables">
      {rows.map(({ key, name, value }) => (
        <div key={key}>
          <dt className="mono">{name}</dt>
          <dd>{typeof value === 'object' && value !== null ? <Large value={value} /> : String(value)}</dd>
        </div>
      ))}
    </dl>
  );
}

function Large({ value }: { value: object }) {
  const text = JSON.stringify(value, null, 2);
  if (text.length < 120) return <code className="mono">{JSON.stringify(value)}</code>;
  return (
    <details>
      <summary className="mono">{JSON.stringify(value).slice(0, 90)}…</summary>
      <pre className="mono" tabIndex={0}>
        {text}
      </pre>
    </details>
  );
}
