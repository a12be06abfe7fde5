// A link for the customer of the order, to be sent to them: made when it is asked for, shown with its end.
import { ShareAltOutlined } from '@ant-design/icons';
import { Button, Input, Modal, Skeleton } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { useMay } from '../../api/session';
import { useTrackingLink } from '../../api/trace';
import { useLanguage } from '../../i18n';
import { CopyLink } from '../../widgets/CopyLink';
import { Trouble } from '../../widgets/Trouble';
import { day } from '../../widgets/figures';

export function CustomerLink({ number }: { number: string }) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  const may = useMay('work');
  const link = useTrackingLink();
  const [open, setOpen] = useState(false);
  if (!may) return null;
  const ask = () => {
    setOpen(true);
    link.mutate(number);
  };
  return (
    <>
      <Button icon={<ShareAltOutlined />} onClick={ask} data-action="customer-link">
        {t('trace.customerLink.button')}
      </Button>
      <Modal open={open} onCancel={() => setOpen(false)} footer={null} title={t('trace.customerLink.title', { number })}>
        <p>{t('trace.customerLink.about')}</p>
        {link.isPending && <Skeleton active title={false} paragraph={{ rows: 2 }} />}
        {link.error && <Trouble error={link.error} retry={ask} />}
        {link.data && (
          <div className="customer-link">
            <Input.TextArea readOnly autoSize value={link.data.url} className="mono" aria-label={t('trace.customerLink.button')} />
            <p className="soft">
              {t('trace.customerLink.ends')} <span className="number">{day(new Date(link.data.ends_at).toLocaleDateString('sv'), language)}</span>
            </p>
            <p className="acts">
              <CopyLink label={t('trace.customerLink.copy')} text={link.data.url} />
              <Button href={link.data.url} target="_blank" rel="noreferrer">
                {t('trace.customerLink.look')}
              </Button>
            </p>
          </div>
        )}
      </Modal>
    </>
  );
}
