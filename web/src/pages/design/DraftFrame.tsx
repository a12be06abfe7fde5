// What every editor of a draft has around it: how it is kept, what stands against it, and its publication.
import { CloudUploadOutlined, DownloadOutlined } from '@ant-design/icons';
import { Alert, App, Button, Skeleton } from 'antd';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';

import { type DesignText, type Draft, useDesignFile } from '../../api/design';
import { useMay } from '../../api/session';
import { PageHead } from '../../widgets/PageHead';
import { Trouble } from '../../widgets/Trouble';
import { Moment } from '../../widgets/time';
import { ConflictAlert } from './ConflictAlert';
import './design.css';
import { PublishDialog } from './PublishDialog';
import { download, type useDraft } from './useDraft';

type Work = ReturnType<typeof useDraft>;

/** The page of one file below a folder of the pack, once it has been read. */
export function Opened({ folder, show }: { folder: string; show: (file: DesignText) => ReactNode }) {
  const { name = '' } = useParams();
  const file = useDesignFile(`${folder}/${name}`);
  if (file.isPending) return <Skeleton active className="panel padded" paragraph={{ rows: 12 }} />;
  if (!file.data) return file.error && <Trouble error={file.error} retry={() => void file.refetch()} />;
  return show(file.data);
}

interface Props {
  file: DesignText;
  work: Work;
  about: string;
  /** Set once the page shows its data. */
  ready: string | undefined;
  className?: string;
  mayChange: boolean;
  /** Mistakes that keep it from being published. */
  errors: number;
  /** Something is under way that publication has to wait for. */
  busy?: boolean;
  /** It cannot be published as it stands, beside mistakes and conflicts. */
  blocked?: boolean;
  /** Further buttons of its head. */
  acts?: ReactNode;
  troubles?: (Error | null | undefined)[];
  onTheirs?: () => void;
  /** Where a publication leads. */
  next?: (status: string) => string;
  children: ReactNode;
}

export function DraftFrame(props: Props) {
  const { file, work, about, ready, className, mayChange, errors, busy = false, blocked = false, acts, troubles = [] } = props;
  const { t } = useTranslation();
  const { message } = App.useApp();
  const navigate = useNavigate();
  const mayPublish = useMay('releases.publish');
  const [publishing, setPublishing] = useState<Draft>();
  const name = file.path.replace(/^.*\//, '');
  const state = busy ? 'saving' : work.state;
  const publish = async () => {
    const kept = work.state === 'saved' && work.draft ? work.draft : await work.save();
    if (kept) setPublishing(kept);
  };
  return (
    <div className={className} data-ready={ready}>
      <PageHead title={name.replace(/\.\w+$/, '')} about={about}>
        <span className={`design-save ${state}`} role="status" data-save={state}>
          {t(`design.save.${state}`)}
          {work.draft && state === 'saved' && (<> · {work.draft.changed_by} · <Moment at={work.draft.changed_at} /></>)}
        </span>
        {acts}
        <Button icon={<DownloadOutlined />} aria-label={t('design.download')} onClick={() => download(name, work.text)} />
        {mayPublish && (
          <Button
            type="primary"
            icon={<CloudUploadOutlined />}
            onClick={() => void publish()}
            disabled={work.state === 'conflict' || errors > 0 || busy || blocked}
            data-action="publish"
          >
            {t('design.publish')}
          </Button>
        )}
      </PageHead>
      {!mayChange && <Alert type="info" showIcon title={t('design.readOnly')} />}
      {work.state === 'conflict' && <ConflictAlert work={work} path={file.path} onTheirs={props.onTheirs ?? (() => void work.takeTheirs())} />}
      {work.error && <Trouble error={work.error} retry={() => void work.save()} />}
      {troubles.map((each, index) => each && <Trouble key={index} error={each} />)}
      {props.children}
      {publishing && (
        <PublishDialog
          draft={publishing}
          active={file.active}
          twoPersons={file.two_persons}
          errors={errors}
          close={() => setPublishing(undefined)}
          onDone={(status) => {
            void message.success(t(status === 'proposed' ? 'design.proposed' : 'design.published'));
            void navigate(props.next?.(status) ?? '/design');
          }}
        />
      )}
    </div>
  );
}
