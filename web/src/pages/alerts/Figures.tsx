// How well alerts are handled: how soon taken, how soon mended against the firm's target, how many were noise.
import { Button, Card, Col, InputNumber, Popover, Row, Space, Statistic, Tooltip } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

import { type AlertFigures, useAlertFigures, useSetTarget } from '../../api/alerts';
import { useMay } from '../../api/session';
import { lasting } from './words';

export function Figures() {
  const { t } = useTranslation();
  const figures = useAlertFigures().data;
  if (figures === undefined) return null;
  const late = figures.repair_s !== null && figures.target_s !== null && figures.repair_s > figures.target_s;
  const tiles = [
    { title: t('alerts.figures.open'), value: figures.open },
    { title: t('alerts.figures.unacknowledged'), value: figures.unacknowledged },
    { title: t('alerts.figures.acknowledge'), value: shown(figures.acknowledge_s, t) },
    { title: t('alerts.figures.repair'), value: shown(figures.repair_s, t), late, suffix: <Target figures={figures} /> },
    { title: t('alerts.figures.noise'), value: percent(figures.noise), about: noisy(figures) },
  ];
  return (
    <Row gutter={[12, 12]} style={{ marginBottom: 16 }} data-ready="alert-figures">
      {tiles.map((tile) => (
        <Col key={tile.title} xs={12} md={8} xl={4} flex="1 1 0">
          <Tooltip title={tile.about}>
            <Card size="small" style={{ height: '100%' }}>
              <Statistic
                title={tile.title}
                value={tile.value}
                suffix={tile.suffix}
                styles={{ content: { fontSize: 20, ...(tile.late ? { color: '#cf1322' } : {}) } }}
              />
            </Card>
          </Tooltip>
        </Col>
      ))}
    </Row>
  );
}

function shown(seconds: number | null, t: Parameters<typeof lasting>[1]): string {
  return seconds === null ? '–' : lasting(seconds, t);
}

function percent(part: number | null): string {
  return part === null ? '–' : `${(part * 100).toFixed(1)} %`;
}

function noisy(figures: AlertFigures): string | undefined {
  if (figures.noisy.length === 0) return undefined;
  return figures.noisy.map((each) => `${each.rule} ${each.useless}/${each.rated}`).join(' · ');
}

function Target({ figures }: { figures: AlertFigures }) {
  const { t } = useTranslation();
  const may = useMay('operate');
  const set = useSetTarget();
  const [open, setOpen] = useState(false);
  const [minutes, setMinutes] = useState<number | null>(figures.target_s === null ? 60 : figures.target_s / 60);
  const said = figures.target_s === null ? t('alerts.figures.noTarget') : lasting(figures.target_s, t);
  const words = <span style={{ fontSize: 12 }}>{t('alerts.figures.target', { target: said })}</span>;
  if (!may) return words;
  return (
    <Popover
      trigger="click"
      open={open}
      onOpenChange={setOpen}
      content={
        <Space.Compact>
          <InputNumber<number> min={1} value={minutes} onChange={setMinutes} suffix={t('alerts.form.minutes')} />
          <Button
            type="primary"
            loading={set.isPending}
            disabled={!minutes}
            onClick={() => set.mutate(Math.round((minutes ?? 1) * 60), { onSuccess: () => setOpen(false) })}
          >
            {t('alerts.form.save')}
          </Button>
        </Space.Compact>
      }
    >
      <Button type="link" size="small" style={{ padding: 0 }}>
        {words}
      </Button>
    </Popover>
  );
}
