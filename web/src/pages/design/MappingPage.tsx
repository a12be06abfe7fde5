// A mapping as a table: source fields, target fields, value maps, Excel, and what comes out for a chosen sample.
import { CloudUploadOutlined, DownloadOutlined, FileExcelOutlined, UploadOutlined } from '@ant-design/icons';
import { Alert, App, Button, Skeleton, Tabs, Upload } from 'antd';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';

import { type DesignText, type Draft, useDesignFile } from '../../api/design';
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
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { ConflictAlert } from './ConflictAlert';
import './design.css';
import { FieldTable } from './mapping/FieldTable';
import './mapping/mapping.css';
import { OpenFields } from './mapping/OpenFields';
import { expressionFor, type Row, rowsOf, withRows } from './mapping/paths';
import { SamplePanel } from './mapping/SamplePanel';
import { SourceTree } from './mapping/SourceTree';
import { useSheets } from './mapping/useSheets';
import { ValueMaps } from './mapping/ValueMaps';
import { PublishDialog } from './PublishDialog';
import { download, useDraft } from './useDraft';

const MAPS = ['map', 'source', 'target'];

export function Component() {
  const { name = '' } = useParams();
  const path = `mappings/${name}`;
  const file = useDesignFile(path);
  if (file.isPending) return <Skeleton active className="panel padded" paragraph={{ rows: 12 }} />;
  if (!file.data) return file.error && <Trouble error={file.error} retry={() => void file.refetch()} />;
  return <Mapping key={path} file={file.data} />;
}

function Mapping({ file }: { file: DesignText }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const mayDraw = useMay('deploy');
  const mayPublish = useMay('releases.publish');
  const work = useDraft(file);
  const { shown, error, busy, put } = useSheets(file.path, work);
  const toBook = useToWorkbook();
  const fromBook = useFromWorkbook();
  const [publishing, setPublishing] = useState<Draft>();
  const errors = shown?.faults.length ?? 0;
  const publish = async () => {
    const kept = work.state === 'saved' && work.draft ? work.draft : await work.save();
    if (kept) setPublishing(kept);
  };
  const take = (book: File) => {
    fromBook.mutate({ path: file.path, file: book }, { onSuccess: (made) => work.change(made.text) });
    return false;
  };
  return (
    <div data-ready={shown ? 'mapping' : undefined}>
      <PageHead title={file.path.replace(/^.*\/|\.\w+$/g, '')} about={t('mapping.about')}>
        <span className={`design-save ${work.state}`} role="status" data-save={busy ? 'saving' : work.state}>
          {t(`design.save.${busy ? 'saving' : work.state}`)}
        </span>
        <Button icon={<FileExcelOutlined />} disabled={errors > 0 || busy} loading={toBook.isPending} onClick={() => toBook.mutate({ path: file.path, text: work.text })} data-action="to-excel">
          {t('mapping.toExcel')}
        </Button>
        {mayDraw && (
          <Upload accept=".xlsx" showUploadList={false} beforeUpload={take}>
            <Button icon={<UploadOutlined />} loading={fromBook.isPending}>{t('mapping.fromExcel')}</Button>
          </Upload>
        )}
        <Button icon={<DownloadOutlined />} aria-label={t('design.download')} onClick={() => download(file.path.replace(/^.*\//, ''), work.text)} />
        {mayPublish && (
          <Button
            type="primary"
            icon={<CloudUploadOutlined />}
            onClick={() => void publish()}
            disabled={work.state === 'conflict' || errors > 0 || busy || !shown?.written}
            data-action="publish"
          >
            {t('design.publish')}
          </Button>
        )}
      </PageHead>
      {!mayDraw && <Alert type="info" showIcon title={t('design.readOnly')} />}
      {work.state === 'conflict' && <ConflictAlert work={work} path={file.path} onTheirs={() => work.takeTheirs()} />}
      {work.error && <Trouble error={work.error} retry={() => void work.save()} />}
      {error && <Trouble error={error} />}
      {toBook.error && <Trouble error={toBook.error} />}
      {fromBook.error && <Trouble error={fromBook.error} />}
      {shown && !shown.written && <Alert type="warning" showIcon title={t('mapping.notWritten')} />}
      {shown && <Tables path={file.path} text={work.text} released={file.released} shown={shown} readOnly={!mayDraw} put={put} />}
      {publishing && (
        <PublishDialog
          draft={publishing}
          active={file.active}
          twoPersons={file.two_persons}
          errors={errors}
          close={() => setPublishing(undefined)}
          onDone={(status) => {
            void message.success(t(status === 'proposed' ? 'design.proposed' : 'design.published'));
            void navigate('/design');
          }}
        />
      )}
    </div>
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
