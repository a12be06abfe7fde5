// The manifest of a system: its text, what the hub's own reader says of it, and its publication.
import { Input } from 'antd';
import { useTranslation } from 'react-i18next';

import { type DesignText, useFindings } from '../../api/design';
import { useMay } from '../../api/session';
import { DraftFrame, Opened } from './DraftFrame';
import { Findings } from './Findings';
import { useDraft } from './useDraft';

export function Component() {
  return <Opened folder="systems" show={(file) => <Manifest key={file.path} file={file} />} />;
}

function Manifest({ file }: { file: DesignText }) {
  const { t } = useTranslation();
  const mayDraw = useMay('deploy');
  const work = useDraft(file);
  const checked = useFindings(file.path, mayDraw ? work.text : undefined);
  const findings = checked.data?.findings;
  const system = file.path.replace(/^systems\/|\.yaml$/g, '');
  return (
    <DraftFrame
      file={file}
      work={work}
      about={t('design.manifestAbout')}
      ready="manifest"
      className="manifest"
      mayChange={mayDraw}
      errors={findings?.filter((each) => each.severity === 'error').length ?? 0}
      next={(status) => (status === 'proposed' ? '/design' : `/systems/${system}?tab=connection`)}
    >
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
    </DraftFrame>
  );
}
