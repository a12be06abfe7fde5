"""What is kept of an error: ours in both languages, a target's own words as they came and marked as such."""

from __future__ import annotations

from lineshaft.base.errors import Refused
from lineshaft.base.text import of_column, text
from lineshaft.engine.words import kept


def shown(error: Refused) -> dict[str, str]:
    return of_column(kept(error)).to_dict()


def test_words_of_the_target_stand_in_quotation_marks_in_both_languages() -> None:
    message = text("erp, {what}: {words} [7]", "erp,{what}:{words} [7]", what="save", words="超信用额度")
    assert shown(Refused(message, vendor_text="超信用额度")) == {
        "en": "erp, save: “超信用额度” [7]",
        "zh": "erp,save:“超信用额度” [7]",
    }


def test_words_of_the_target_that_the_message_leaves_out_follow_it() -> None:
    error = Refused(text("The order is refused.", "订单被拒绝。"), vendor_text="单据已关闭")
    assert shown(error) == {
        "en": "The order is refused. (“单据已关闭”)",
        "zh": "订单被拒绝。 (“单据已关闭”)",
    }


def test_words_of_the_hub_itself_stay_in_the_language_of_the_reader() -> None:
    message = text("The customer has no name", "客户没有名称")
    assert shown(Refused(message, vendor_text="客户没有名称")) == message.to_dict()
