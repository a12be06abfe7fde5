// The designer: drawn in the middle, properties beside it, findings below; compared, tried out, published.
import { CloudUploadOutlined, DownloadOutlined, PartitionOutlined, RedoOutlined, UndoOutlined, CompressOutlined } from '@ant-design/icons';
import { Alert, App, Button, Segmented, Skeleton, Space, Tooltip } from 'antd';
import { lazy, Suspense, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';

import { type DesignText, type Draft, useDesignFile, useFindings, useTemplates } from '../../api/design';
import { useMay } from '../../api/session';
import { Modeler, type ModelerHandle, type Steps } from '../../diagram/Modeler';
import { nameIn } from '../../diagram/names';
import { useLanguage } from '../../i18n';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';
import './design.css';
import { Findings } from './Findings';
import { PublishDialog } from './PublishDialog';
import { ConflictAlert } from './ConflictAlert';
import { download, useDraft } from './useDraft';

export function DesignerPage() {
  const { name = '' } = useParams();
  const { language } = useLanguage();
  const path = `processes/${name}`;
  const file = useDesignFile(path);
  const templates = useTemplates(language);
  if (file.isPending || templates.isPending) return <Skeleton active className="panel padded" paragraph={{ rows: 12 }} />;
  if (!file.data) return file.error && <Trouble error={file.error} retry={() => void file.refetch()} />;
  if (!templates.data) return templates.error && <Trouble error={templates.error} retry={() => void templates.refetch()} />;
  return <Designer key={path} file={file.data} templates={templates.data} />;
}

const Comparison = lazy(async () => ({ default: (await import('../../diagram/Comparison')).Comparison }));
const RehearsalPanel = lazy(async () => ({ default: (await import('./RehearsalPanel')).RehearsalPanel }));

type View = 'draw' | 'compare' | 'rehearse';
const NO_FINDINGS: never[] = [];

function Designer({ file, templates }: { file: DesignText; templates: object[] }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const mayDraw = useMay('deploy');
  const mayPublish = useMay('releases.publish');
  const work = useDraft(file);
  const handle = useRef<ModelerHandle>(null);
  // A drawing from elsewhere is another component; what was drawn here stays in it.
  const [shown, setShown] = useState({ xml: work.text, turn: 0 });
  const [steps, setSteps] = useState<Steps>({ undo: false, redo: false });
  const [broken, setBroken] = useState<string>();
  const [view, setView] = useState<View>('draw');
  const [publishing, setPublishing] = useState<Draft>();
  const checked = useFindings(file.path, mayDraw ? work.text : undefined);
  const findings = checked.data?.findings;
  const errors = findings?.filter((each) => each.severity === 'error').length ?? 0;
  const names = useMemo(() => namesOf(work.text), [work.text]);
  const named = (id: string) => nameIn(names.get(id) ?? id, language);
  const title = named(processOf(work.text)) || file.path;
  const painted = useMemo(
    () =>
      findings
        ?.filter((each) => each.path === file.path && each.element)
        .map((each) => ({ element: each.element, severity: each.severity, text: each.message[language] })) ?? NO_FINDINGS,
    [findings, file.path, language],
  );

  const show = (element: string) => {
    setView('draw');
    handle.current?.show(element);
  };
  const turnTo = async (next: View) => {
    if (view === 'draw' && handle.current && !broken) work.change(await handle.current.xml());
    setView(next);
  };
  const publish = async () => {
    if (handle.current && view === 'draw' && !broken) {
      const written = await handle.current.xml();
      if (written !== work.text) work.change(written);
    }
    const kept = work.state === 'saved' && work.draft ? work.draft : await work.save();
    if (kept) setPublishing(kept);
  };
  const theirs = () => {
    const taken = work.takeTheirs();
    setShown(({ turn }) => ({ xml: taken, turn: turn + 1 }));
  };

  return (
    <div className="designer">
      <PageHead title={title}>
        <span className={`design-save ${work.state}`} role="status" data-save={work.state}>
          {t(`design.save.${work.state}`)}
          {work.draft && work.state === 'saved' && (<> · {work.draft.changed_by} · <Moment at={work.draft.changed_at} /></>)}
        </span>
        <Segmented<View>
          value={view}
          onChange={(next) => void turnTo(next)}
          options={[
            { value: 'draw', label: t('design.view.draw') },
            { value: 'compare', label: t('design.view.compare') },
            { value: 'rehearse', label: t('design.view.rehearse') },
          ]}
        />
        <Space.Compact>
          <Tool name="undo" label={t('design.undo')} icon={<UndoOutlined />} disabled={!steps.undo || view !== 'draw'} onClick={() => handle.current?.undo()} />
          <Tool name="redo" label={t('design.redo')} icon={<RedoOutlined />} disabled={!steps.redo || view !== 'draw'} onClick={() => handle.current?.redo()} />
          <Tool name="layout" label={t('design.layout')} icon={<PartitionOutlined />} disabled={!!broken || view !== 'draw'} onClick={() => void handle.current?.layout()} />
          <Tool name="fit" label={t('design.fit')} icon={<CompressOutlined />} disabled={view !== 'draw'} onClick={() => handle.current?.fit()} />
          <Tool name="download" label={t('design.download')} icon={<DownloadOutlined />} onClick={() => download(file.path.replace(/^.*\//, ''), work.text)} />
        </Space.Compact>
        {mayPublish && (
          <Button type="primary" icon={<CloudUploadOutlined />} onClick={() => void publish()} disabled={!!broken || work.state === 'conflict'} data-action="publish">
            {t('design.publish')}
          </Button>
        )}
      </PageHead>
      {!mayDraw && <Alert type="info" showIcon title={t('design.readOnly')} />}
      {work.state === 'conflict' && <ConflictAlert work={work} path={file.path} onTheirs={theirs} />}
      {work.error && <Trouble error={work.error} retry={() => void work.save()} />}
      {file.changed_below && <Alert type="warning" showIcon title={t('design.changedBelowWhy')} />}
      {broken && <Alert type="error" showIcon title={t('design.unreadable')} description={broken} />}
      <div className="designer-body" hidden={view !== 'draw'}>
        <Modeler
          key={shown.turn}
          xml={shown.xml}
          title={title}
          templates={templates}
          findings={painted}
          handle={handle}
          onChange={work.change}
          onSteps={setSteps}
          onTrouble={setBroken}
        />
      </div>
      {view === 'compare' && (
        <div className="designer-body">
          <Suspense fallback={<Skeleton active className="padded" />}>
            <Comparison before={file.released} after={work.text} />
          </Suspense>
        </div>
      )}
      {view === 'rehearse' && (
        <div className="designer-body">
          <Suspense fallback={<Skeleton active className="padded" />}>
            <RehearsalPanel path={file.path} text={work.text} process={processOf(work.text)} title={title} named={named} />
          </Suspense>
        </div>
      )}
      {mayDraw && (
        <section className="panel designer-findings" aria-label={t('design.findings')} data-checked={checked.isFetching ? 'no' : 'yes'}>
          <Findings path={file.path} findings={findings} error={checked.error} names={named} onShow={show} />
        </section>
      )}
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

function Tool({ name, label, icon, disabled, onClick }: { name: string; label: string; icon: React.ReactNode; disabled?: boolean; onClick: () => void }) {
  return (
    <Tooltip title={label}>
      <Button icon={icon} aria-label={label} data-action={name} disabled={disabled ?? false} onClick={onClick} />
    </Tooltip>
  );
}

const NAMED = /<(?:[\w.-]+:)?\w+ [^>]*>/g;

/** Names by id, read from the text: also where it is no whole file. */
function namesOf(xml: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [tag] of xml.matchAll(NAMED)) {
    const id = / id="([^"]*)"/.exec(tag)?.[1];
    const name = / name="([^"]*)"/.exec(tag)?.[1];
    if (id && name) found.set(id, plain(name));
  }
  return found;
}

function processOf(xml: string): string {
  return /<(?:[\w.-]+:)?process [^>]*?\bid="([^"]*)"/.exec(xml)?.[1] ?? '';
}

function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#10);/g, (_, each: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#10': ' ' })[each] ?? '');
}

export const Component = DesignerPage;
