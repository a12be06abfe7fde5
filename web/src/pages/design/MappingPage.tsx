// A mapping as a table: source fields, target fields, value maps, Excel, and what comes out for a chosen sample.
import { FileExcelOutlined, UploadOutlined } from '@ant-design/icons';
import { Alert, Button, Tabs, Upload } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';

import type { DesignText } from '../../api/design';
import {
  type MappingSheets,
  type Sample,
  useFromWorkbook,
  useMappingComparison,
  useMappingOffers,
  useMappingTrial,
  useSamples,
  useToWorkbook,
} from '../../api/mappings';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { Trouble } from '../../widgets/Trouble';
import { DraftFrame, Opened } from './DraftFrame';
import { FieldTable } from './mapping/FieldTable';
import './mapping/mapping.css';
import { OpenFields } from './mapping/OpenFields';
import { expressionFor, type Row, rowsOf, withRows } from './mapping/paths';
import { SamplePanel } from './mapping/SamplePanel';
import { SourceTree } from './mapping/SourceTree';
import { useSheets } from './mapping/useSheets';
import { ValueMaps } from './mapping/ValueMaps';
import { useDraft } from './useDraft';

const MAPS = ['map', 'source', 'target'];

export function Component() {
  return <Opened folder="mappings" show={(file) => <Mapping key={file.path} file={file} />} />;
}

function Mapping({ file }: { file: DesignText }) {
  const { t } = useTranslation();
  const mayDraw = useMay('deploy');
  const work = useDraft(file);
  const { shown, error, busy, put } = useSheets(file.path, work);
  const toBook = useToWorkbook();
  const fromBook = useFromWorkbook();
  const errors = shown?.faults.length ?? 0;
  const take = (book: File) => {
    fromBook.mutate({ path: file.path, file: book }, { onSuccess: (made) => work.change(made.text) });
    return false;
  };
  return (
    <DraftFrame
      file={file}
      work={work}
      about={t('mapping.about')}
      ready={shown ? 'mapping' : undefined}
      mayChange={mayDraw}
      errors={errors}
      busy={busy}
      blocked={!shown?.written}
      troubles={[error, toBook.error, fromBook.error]}
      acts={
        <>
          <Button icon={<FileExcelOutlined />} disabled={errors > 0 || busy} loading={toBook.isPending} onClick={() => toBook.mutate({ path: file.path, text: work.text })} data-action="to-excel">
            {t('mapping.toExcel')}
          </Button>
          {mayDraw && (
            <Upload accept=".xlsx" showUploadList={false} beforeUpload={take}>
              <Button icon={<UploadOutlined />} loading={fromBook.isPending}>{t('mapping.fromExcel')}</Button>
            </Upload>
          )}
        </>
      }
    >
      {shown && !shown.written && <Alert type="warning" showIcon title={t('mapping.notWritten')} />}
      {shown && <Tables path={file.path} text={work.text} released={file.released} shown={shown} readOnly={!mayDraw} put={put} />}
    </DraftFrame>
  );
}

interface TablesProps {
  path: string;
  text: string;
  released: string | null;
  shown: MappingSheets;
  readOnly: boolean;
  put: (sheets: MappingSheets['sheets']) => void;
}

function Tables({ path, text, released, shown, readOnly, put }: TablesProps) {
  const { t } = useTranslation();
  const maySee = useMay('instances.values');
  const [chosen, choose] = useState<number>();
  const [sample, setSample] = useState<Sample>();
  const rows = useMemo(() => rowsOf(shown.sheets, 'fields'), [shown.sheets]);
  const maps = useMemo(() => rowsOf(shown.sheets, 'maps'), [shown.sheets]);
  const samples = useSamples(path, text, maySee);
  const trial = useMappingTrial(path, text, shown.faults.length === 0 ? sample : undefined);
  const offers = useMappingOffers(path, text, sample?.record ?? null);
  const failed = shown.tests.filter((each) => each.wrong.length > 0).length;
  const fields = (next: Row[]) => put(withRows(shown.sheets, 'fields', Object.keys(next[0] ?? {}), next));
  const fill = (row: number, source: string) =>
    fields(rows.map((each, at) => (at === row ? { ...each, value: expressionFor(source, rows, each.field ?? '') } : each)));
  const open = (target: string, source: string) => {
    const at = rows.findIndex((each) => each.field === target);
    if (at >= 0) fill(at, source);
    else fields(placed(rows, { field: target, value: expressionFor(source, rows, target) }));
  };
  const loose = shown.faults.filter((each) => each.row < 1 || (each.sheet !== 'fields' && each.sheet !== 'maps'));
  return (
    <div className="mapping-body">
      <SourceTree
        fields={offers.data?.sources ?? []}
        into={!readOnly && chosen !== undefined ? rows[chosen]?.field : undefined}
        onTake={(source) => chosen !== undefined && fill(chosen, source)}
      />
      <section className="panel mapping-tables" aria-label={t('mapping.target')}>
        <Loose faults={loose} />
        <Tabs
          items={[
            {
              key: 'fields',
              label: t('mapping.fields', { count: rows.length }),
              children: <FieldTable rows={rows} faults={shown.faults.filter((each) => each.sheet === 'fields')} trial={sample ? trial.data : undefined} chosen={chosen} readOnly={readOnly} onChoose={choose} onChange={fields} />,
            },
            {
              key: 'maps',
              label: t('mapping.valueMaps', { count: maps.length }),
              children: <ValueMaps rows={maps} faults={shown.faults.filter((each) => each.sheet === 'maps')} readOnly={readOnly} onChange={(next) => put(withRows(shown.sheets, 'maps', MAPS, next))} />,
            },
            {
              key: 'open',
              label: t('mapping.open', { count: offers.data?.targets.length ?? 0 }),
              children: <OpenFields targets={offers.data?.targets ?? []} readOnly={readOnly} onTake={open} />,
            },
            {
              key: 'tests',
              label: t(failed ? 'mapping.testsFailed' : 'mapping.tests', { count: failed || shown.tests.length }),
              children: <Tests tests={shown.tests} />,
            },
            { key: 'changes', label: t('design.changes'), children: <Changes before={released} after={text} /> },
          ]}
        />
      </section>
      <SamplePanel samples={samples.data ?? []} sample={sample} trial={sample ? trial.data : undefined} error={trial.error} onSample={setSample} />
    </div>
  );
}

/** A new row stands with its like: behind the last of the same object. */
function placed(rows: Row[], row: Row): Row[] {
  const stem = /^(.*[.\]])?[^.]*$/.exec(row.field ?? '')?.[1] ?? '';
  const last = rows.findLastIndex((each) => (each.field ?? '').startsWith(stem));
  return [...rows.slice(0, last + 1), row, ...rows.slice(last + 1)];
}

function Loose({ faults }: { faults: MappingSheets['faults'] }) {
  const { language } = useLanguage();
  return faults.map((each, index) => (
    <Alert key={index} type="error" showIcon title={each.message[language]} description={each.hint?.[language]} />
  ));
}

function Tests({ tests }: { tests: MappingSheets['tests'] }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  if (tests.length === 0) return <p className="soft">{t('mapping.noTests')}</p>;
  return (
    <ul className="mapping-tests" data-ready="mapping-tests">
      {tests.map((each) => (
        <li key={each.name}>
          <span className={`finding-mark ${each.wrong.length ? 'error' : 'good'}`}>{t(each.wrong.length ? 'mapping.fails' : 'mapping.holds')}</span> {each.name}
          {each.wrong.map((words, index) => <div className="decision-fault" key={index}>{words[language]}</div>)}
        </li>
      ))}
    </ul>
  );
}

function Changes({ before, after }: { before: string | null; after: string }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const changes = useMappingComparison(before, after);
  if (before === null) return <p className="soft">{t('design.isNew')}</p>;
  if (changes.error) return <Trouble error={changes.error} />;
  if (!changes.data?.length) return <p className="soft">{t('design.noChanges')}</p>;
  return (
    <ul data-ready="mapping-changes">
      {changes.data.map((each, index) => <li key={index}>{each.text[language]}</li>)}
    </ul>
  );
}
