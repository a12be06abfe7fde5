// The manifest of a system: its text, what the hub's own reader says of it, and its publication.
import { CloudUploadOutlined, DownloadOutlined } from '@ant-design/icons';
import { Alert, App, Button, Input, Skeleton } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';

import { type DesignText, type Draft, useDesignFile, useFindings } from '../../api/design';
import { useMay } from '../../api/session';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { ConflictAlert } from './ConflictAlert';
import './design.css';
import { Findings } from './Findings';
import { PublishDialog } from './PublishDialog';
import { download, useDraft } from './useDraft';

export function ManifestPage() {
  const { name = '' } = useParams();
  const path = `systems/${name}`;
  const file = useDesignFile(path);
  if (file.isPending) return <Skeleton active className="panel padded" paragraph={{ rows: 12 }} />;
  if (!file.data) return file.error && <Trouble error={file.error} retry={() => void file.refetch()} />;
  return <Manifest key={path} file={file.data} />;
}

function Manifest({ file }: { file: DesignText }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const mayDraw = useMay('deploy');
  const mayPublish = useMay('releases.publish');
  const work = useDraft(file);
  const [publishing, setPublishing] = useState<Draft>();
  const checked = useFindings(file.path, mayDraw ? work.text : undefined);
  const findings = checked.data?.findings;
  const errors = findings?.filter((each) => each.severity === 'error').length ?? 0;
  const system = file.path.replace(/^systems\/|\.yaml$/g, '');
  const publish = async () => {
    const kept = work.state === 'saved' && work.draft ? work.draft : await work.save();
    if (kept) setPublishing(kept);
  };
  return (
    <div className="manifest" data-ready="manifest">
      <PageHead title={system} about={t('design.manifestAbout')}>
        <span className={`design-save ${work.state}`} role="status" data-save={work.state}>
          {t(`design.save.${work.state}`)}
        </span>
        <Button
          icon={<DownloadOutlined />}
          aria-label={t('design.download')}
          onClick={() => download(file.path.replace(/^.*\//, ''), work.text)}
        />
        {mayPublish && (
          <Button
            type="primary"
            icon={<CloudUploadOutlined />}
            onClick={() => void publish()}
            disabled={work.state === 'conflict'}
            data-action="publish"
          >
            {t('design.publish')}
          </Button>
        )}
      </PageHead>
      {!mayDraw && <Alert type="info" showIcon title={t('design.readOnly')} />}
      {work.state === 'conflict' && <ConflictAlert work={work} path={file.path} onTheirs={() => void work.takeTheirs()} />}
      {work.error && <Trouble error={work.error} retry={() => void work.save()} />}
      <Input.TextArea
        className="mono manifest-text"
        aria-label={t('design.manifestText')}
        spellCheck={false}
        autoSize={{ minRows: 18, maxRows: 32 }}
        readOnly={!mayDraw}
        value={work.text}
        onChange={({ target }) => work.change(target.value)}
      />
      {mayDraw && (
        <section className="panel designer-findings" aria-label={t('design.findings')} data-checked={checked.isFetching ? 'no' : 'yes'}>
          <Findings path={file.path} findings={findings} error={checked.error} names={(place) => place} onShow={() => undefined} />
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
            void navigate(status === 'proposed' ? '/design' : `/systems/${system}?tab=connection`);
          }}
        />
      )}
    </div>
  );
}

export const Component = ManifestPage;
