// Decision tables as a plain grid, for whoever knows the firm's rules and has never seen DMN.
import { CloudUploadOutlined, DownloadOutlined } from '@ant-design/icons';
import { Alert, App, Button, Segmented, Skeleton } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';

import { useChangeRules, useComparison, useTables } from '../../api/decisions';
import { type DesignText, type Draft, useDesignFile } from '../../api/design';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';
import { ConflictAlert } from './ConflictAlert';
import './design.css';
import { PublishDialog } from './PublishDialog';
import { RuleGrid } from './RuleGrid';
import { TryTable } from './TryTable';
import { download, useDraft } from './useDraft';

const DmnModel = lazy(() => import('../../diagram/DmnModel'));

export function Component() {
  const { name = '' } = useParams();
  const path = `decisions/${name}`;
  const file = useDesignFile(path);
  if (file.isPending) return <Skeleton active className="panel padded" paragraph={{ rows: 12 }} />;
  if (!file.data) return file.error && <Trouble error={file.error} retry={() => void file.refetch()} />;
  return <Decision key={path} file={file.data} />;
}

function Decision({ file }: { file: DesignText }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const mayDraw = useMay('deploy');
  const mayChange = useMay('decisions.change') || mayDraw;
  const mayPublish = useMay('releases.publish');
  const work = useDraft(file);
  const tables = useTables(file.path, work.text);
  const change = useChangeRules();
  const [drawn, setDrawn] = useState(false);
  /** Counts what was taken over from somebody else: each is another model to draw. */
  const [taken, setTaken] = useState(0);
  const [unreadable, setUnreadable] = useState<string>();
  const [publishing, setPublishing] = useState<Draft>();
  const [lit, setLit] = useState<Record<string, number[]>>({});
  const faults = tables.data?.tables.flatMap((each) => each.faults).length ?? 0;
  const takeTheirs = () => {
    work.takeTheirs();
    setTaken((before) => before + 1);
  };
  const publish = async () => {
    const kept = work.state === 'saved' && work.draft ? work.draft : await work.save();
    if (kept) setPublishing(kept);
  };
  return (
    <div data-ready={tables.data ? 'decision' : undefined}>
      <PageHead title={file.path.replace(/^.*\/|\.\w+$/g, '')} about={t('design.table.about')}>
        <span className={`design-save ${work.state}`} role="status" data-save={work.state}>
          {t(`design.save.${work.state}`)}
          {work.draft && work.state === 'saved' && (<> · {work.draft.changed_by} · <Moment at={work.draft.changed_at} /></>)}
        </span>
        <Button icon={<DownloadOutlined />} onClick={() => download(file.path.replace(/^.*\//, ''), work.text)}>
          {t('design.download')}
        </Button>
        {mayPublish && (
          <Button
            type="primary"
            icon={<CloudUploadOutlined />}
            onClick={() => void publish()}
            disabled={work.state === 'conflict' || faults > 0}
            data-action="publish"
          >
            {t('design.publish')}
          </Button>
        )}
      </PageHead>
      {!mayChange && <Alert type="info" showIcon title={t('design.readOnly')} />}
      {work.state === 'conflict' && <ConflictAlert work={work} path={file.path} onTheirs={takeTheirs} />}
      {work.error && <Trouble error={work.error} retry={() => void work.save()} />}
      {change.error && <Trouble error={change.error} />}
      {tables.error && <Trouble error={tables.error} retry={() => void tables.refetch()} />}
      <Segmented
        className="decision-views"
        aria-label={t('design.dmn.ways')}
        value={drawn ? 'model' : 'grid'}
        onChange={(value) => setDrawn(value === 'model')}
        options={(['grid', 'model'] as const).map((value) => ({ value, label: t(`design.dmn.${value}`) }))}
      />
      {drawn && unreadable && <Alert type="error" showIcon title={t('design.unreadable')} description={unreadable} />}
      {drawn && (
        <section className="panel padded" aria-label={t('design.dmn.model')}>
          <Suspense fallback={<Skeleton active />}>
            <DmnModel key={taken} xml={work.text} title={file.path} onChange={work.change} onTrouble={setUnreadable} />
          </Suspense>
        </section>
      )}
      {!drawn && tables.data?.tables.map((table) => (
        <section className="panel decision-table" key={table.name} aria-label={table.name}>
          <h2>{table.name}</h2>
          <p className="soft">{t(`design.table.policy.${policyOf(table.hit_policy)}`)}</p>
          <RuleGrid
            table={table}
            lit={lit[table.name] ?? []}
            readOnly={!mayChange || change.isPending}
            onChange={(rules) =>
              change.mutate(
                { text: work.text, name: table.name, rules },
                { onSuccess: (made) => work.change(made.text) },
              )
            }
          />
          {mayChange && (
            <TryTable
              path={file.path}
              text={work.text}
              table={table}
              onRules={(rules) => setLit((before) => ({ ...before, ...rules }))}
            />
          )}
        </section>
      ))}
      {file.released !== null && file.released !== work.text && <Changes before={file.released} after={work.text} />}
      {publishing && (
        <PublishDialog
          draft={publishing}
          active={file.active}
          twoPersons={file.two_persons}
          errors={faults}
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

function policyOf(policy: string): 'U' | 'A' | 'F' | 'C' | 'other' {
  return policy === 'U' || policy === 'A' || policy === 'F' || policy === 'C' ? policy : 'other';
}

function Changes({ before, after }: { before: string; after: string }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const changes = useComparison(before, after);
  if (!changes.data?.length) return null;
  return (
    <section className="panel padded" aria-label={t('design.changes')}>
      <h2>{t('design.changes')}</h2>
      <ul data-ready="decision-changes">
        {changes.data.map((each, index) => (
          <li key={index}>{each.text[language]}</li>
        ))}
      </ul>
    </section>
  );
}
