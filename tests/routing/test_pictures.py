"""A task that points at a picture gets a model that sees, in whichever language."""

from __future__ import annotations

import pytest

from catalog.shapes import Category
from routing.features import extract
from routing.pictures import points_at_picture
from routing.shapes import Classification, Label, TaskRequest

POINTING = [
    "Décris cette image",
    "Beschreibe das Bild im Anhang",
    "Erkläre den Fehler auf diesem Screenshot",
    "Опиши эту картинку",
    "Что на этом фото?",
    "Опиши це зображення",
    "Opisz to zdjęcie",
    "Popiš tento obrázek",
    "Bu fotoğrafta ne var?",
    "描述这张图片",
    "这张截图里的错误是什么？",
    "看图说话：这张照片里有什么？",
    "この画像に写っているものを説明して",
    "이 사진을 설명해줘",
    "صف هذه الصورة",
]
NOT_POINTING = [
    "Compress pictures before they are uploaded",
    "Écris une fonction qui compresse les images",
    "Schreib ein Skript, das Fotos verkleinert",
    "Напиши функцию, которая сжимает изображения",
    "编写一个压缩图片的函数",
    "画像をリサイズする関数を書いて",
    "이미지 압축 함수를 작성해줘",
    "Napisz funkcję, która zmniejsza zdjęcia",
    "Yükleme öncesi resimleri küçült",
    "اكتب دالة لضغط الصور",
]


def category_of(task: str, said: Category, confidence_prob: float) -> Category:
    unknown = Label("", 0.0)
    answer = Classification(Label(said, confidence_prob), unknown, unknown, unknown, {}, "a test")
    return extract(TaskRequest(task), lambda _text: answer).category


@pytest.mark.parametrize("task", POINTING)
def test_what_points_at_a_picture_is_seen(task: str) -> None:
    assert points_at_picture(task)
    assert category_of(task, Category.GENERAL, 0.6) is Category.VISION


@pytest.mark.parametrize("task", NOT_POINTING)
def test_what_speaks_of_pictures_alone_is_not(task: str) -> None:
    assert not points_at_picture(task)
    assert category_of(task, Category.CODING, 0.6) is Category.CODING


def test_a_sure_classifier_and_a_given_category_have_the_last_word() -> None:
    assert category_of("Décris cette image", Category.CODING, 0.9) is Category.CODING
    assert category_of("Décris cette image", Category.CODING, 0.75) is Category.VISION
    assert category_of("Décris cette image", Category.GENERAL, 0.95) is Category.VISION
    assert category_of("coding", Category.GENERAL, 0.1) is Category.CODING
