// What the target has and nothing fills yet, with the source fields that may be meant.
import { Button, Tooltip } from 'antd';
import { useTranslation } from 'react-i18next';

import type { MappingOffers } from '../../../api/mappings';
import { useLanguage } from '../../../i18n';

interface Props {
  targets: MappingOffers['targets'];
  readOnly: boolean;
  onTake: (target: string, source: string) => void;
}

export function OpenFields({ targets, readOnly, onTake }: Props) {
  const { t } = useTranslation();
  const { language } = useLanguage();
  if (targets.length === 0) return <p className="soft">{t('mapping.allFilled')}</p>;
  return (
    <div className="decision-scroll">
      <table className="decision-grid mapping-open" data-ready="open-fields">
        <thead>
          <tr>
            <th>{t('mapping.columns.field')}</th>
            <th>{t('mapping.maybe')}</th>
          </tr>
        </thead>
        <tbody>
          {targets.map((each) => (
            <tr key={each.target}>
              <th scope="row" className="mono">{each.target}</th>
              <td>
                {each.offers.length === 0 && <span className="soft">{t('mapping.nothingAlike')}</span>}
                {each.offers.map((offer) => (
                  <Tooltip key={offer.source} title={`${offer.why[language]} · ${Math.round(offer.score * 100)} %`}>
                    <Button
                      size="small"
                      className="mono"
                      disabled={readOnly}
                      onClick={() => onTake(each.target, offer.source)}
                      data-offer={`${each.target} ${offer.source}`}
                    >
                      {offer.source}
                    </Button>
                  </Tooltip>
                ))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
