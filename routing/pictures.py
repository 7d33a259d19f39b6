"""Whether a task points at a picture that must be looked at, in languages that the classifier knows less well."""

from __future__ import annotations

import re
from typing import Final

# Surer than this that it is some other work, the classifier is believed; "general" says next to nothing.
SURE_PROB: Final = 0.8
_LONGEST_LOOK: Final = 600
_POINTED: Final = re.compile(
    r"\bcette (?:image|photo|illustration|capture)\b"
    r"|\b(?:diese[sm]|auf dem|das|dem) (?:angehängte[ns]? )?(?:bild|foto|screenshot)s? (?:im anhang|anbei)\b"
    r"|\b(?:diese[sm]|auf dem) (?:bild|foto|screenshot)\b"
    r"|\b(?:эт\w{1,3}|на|приложенн\w{2,3}) (?:фото|картин|изображени|скриншот|снимк)\w*"
    r"|\b(?:ц[еюьія]\w{0,2}|на) (?:фото|зображенн|знімк|скриншот)\w*"
    r"|\b(?:to|tym|tego|na) (?:zdjęci|zrzu|obraz)\w+"
    r"|\b(?:tento|tomto|této|na) (?:obráz|fotk|fotografi|snímk)\w+"
    r"|\bbu (?:fotoğraf|resim|resm|görsel|ekran görüntü)\w*"
    r"|[这這此该該附][一]?[张張幅个個]?(?:图|圖|照片|截图|截圖|截屏)|(?:图|圖|照片)[中里裡]|看[图圖]"
    r"|(?:この|添付の)(?:画像|写真|スクリーンショット|スクショ|図)|(?:画像|写真)に写"
    r"|(?:이|첨부한|첨부된) ?(?:사진|이미지|그림|스크린샷)|(?:사진|이미지|스크린샷)(?:에서| 속)"
    r"|هذه الصورة|هذا الرسم|في الصورة|لقطة الشاشة",
    re.IGNORECASE,
)


def points_at_picture(task: str) -> bool:
    """Whether the task speaks of a picture that came with it, and not of pictures."""
    return _POINTED.search(task[:_LONGEST_LOOK]) is not None
