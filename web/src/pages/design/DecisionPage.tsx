// Decision tables as a plain grid, for whoever knows the firm's rules and has never seen DMN.
import { Alert, Segmented, Skeleton } from 'antd';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useChangeRules, useComparison, useTables } from '../../api/decisions';
import type { DesignText } from '../../api/design';
import { useMay } from '../../api/session';
import { useLanguage } from '../../i18n';
import { DraftFrame, Opened } from './DraftFrame';
import { RuleGrid } from './RuleGrid';
import { TryTable } from './TryTable';
import { useDraft } from './useDraft';

const DmnModel = lazy(() => import('../../diagram/DmnModel'));

export function Component() {
  return <Opened folder="decisions" show={(file) => <Decision key={file.path} file={file} />} />;
}

function Decision({ file }: { file: DesignText }) {
  const { t } = useTranslation();
  const mayDraw = useMay('deploy');
  const mayChange = useMay('decisions.change') || mayDraw;
  const work = useDraft(file);
  const tables = useTables(file.path, work.text);
  const change = useChangeRules();
  const [drawn, setDrawn] = useState(false);
  /** Counts what was taken over from somebody else: each is another model to draw. */
  const [taken, setTaken] = useState(0);
  const [unreadable, setUnreadable] = useState<string>();
  const [lit, setLit] = useState<Record<string, number[]>>({});
  const faults = tables.data?.tables.flatMap((each) => each.faults).length ?? 0;
  const takeTheirs = () => {
    work.takeTheirs();
    setTaken((before) => before + 1);
  };
  return (
    <DraftFrame
      file={file}
      work={work}
      about={t('design.table.about')}
      ready={tables.data ? 'decision' : undefined}
      mayChange={mayChange}
      errors={faults}
      troubles={[change.error, tables.error]}
      onTheirs={takeTheirs}
    >
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
    </DraftFrame>
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
