"""Verbs that ask for a piece of work, by the phase the work belongs to.

Only verbs whose result can be handed over: "build", "compare", "translate". What merely says how ("use",
"keep", "make sure", "include") or is a step nobody delivers ("open", "read", "click") is left out on
purpose: such a phrase is a condition on a part, never a part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Final

from routing.decompose.shapes import Phase


def words(text: str) -> frozenset[str]:
    """The words of a table that is written as running text."""
    return frozenset(text.split())


# English imperatives; "_" stands for the space in "set up".
_ENGLISH: Final[Mapping[Phase, str]] = {
    Phase.DISCOVER: (
        "research investigate analyze analyse survey explore compare evaluate assess study gather collect find "
        "identify scrape interview summarize summarise estimate calculate brainstorm shortlist look_up look_into "
        "examine diagnose audit discover benchmark profile scan inventory classify extract measure"
    ),
    Phase.DESIGN: (
        "design plan architect define model outline structure sketch wireframe prototype specify propose conceive "
        "suggest storyboard choose select decide prioritize prioritise recommend name come_up_with"
    ),
    Phase.SET_UP: (
        "configure scaffold initialize initialise bootstrap install provision set_up setup prepare create_a_repo "
        "spin_up enable"
    ),
    Phase.BUILD: (
        "build implement create develop code write add make draft compose generate refactor rewrite fix resolve "
        "repair debug patch optimize optimise migrate port convert translate update upgrade improve extend remove "
        "delete replace rename train produce record edit shoot paint draw illustrate clean clean_up transform "
        "automate parse simplify speed_up rework redesign restructure prove solve derive localize localise "
        "script compile visualize visualise plot annotate dockerize containerize harden instrument "
        "backfill tune organize organise arrange book compute format import export move split merge wrap extract cache "
        "log index schedule animate program craft invent modernize modernise"
    ),
    Phase.INTEGRATE: "integrate connect wire wire_up hook_up combine link embed plug_in hook attach",
    Phase.VERIFY: (
        "test verify validate check review proofread qa lint inspect simulate double-check load-test fact-check"
    ),
    Phase.RELEASE: (
        "deploy release publish ship document launch send notify invite email present announce post explain report "
        "share deliver host promote submit monitor roll_out write_up upload print hand_over tweet pitch market "
        "distribute commit push"
    ),
}

# Other languages: imperatives and the infinitives that stand for them.
_OTHERS: Final[Mapping[Phase, str]] = {
    Phase.DISCOVER: (
        "recherchiere recherchieren analysiere analysieren untersuche untersuchen vergleiche vergleichen sammle "
        "sammeln ermittle ermitteln finde bewerte erforsche "
        "recherche rechercher analyse analyser étudie étudier étudiez compare comparer comparez analysez recherchez "
        "évalue évaluez "
        "investiga investigar analiza analizar estudia compara comparar busca recopila evalúa investigue analice "
        "pesquise pesquisar analise analisar investigue avalie "
        "ricerca ricercare analizza analizzare confronta confrontare studia valuta raccogli "
        "onderzoek onderzoeken analyseer analyseren vergelijk vergelijken verzamel "
        "исследуй исследуйте исследовать проанализируй проанализируйте проанализировать сравни сравните сравнить "
        "собери изучи изучите "
        "zbadaj przeanalizuj porównaj zbierz araştır incele karşılaştır undersök analysera jämför"
    ),
    Phase.DESIGN: (
        "entwirf entwerfen entwerfe planen konzipiere konzipieren skizziere definiere definieren gestalte "
        "gestalten "
        "conçois conçoit concevoir concevez planifie planifier définis définir définissez esquisse "
        "diseña diseñar diseñe planifica planificar define definir "
        "projete projetar planeje planejar defina desenhe desenhar "
        "progetta progettare pianifica pianificare definisci definire "
        "ontwerp ontwerpen plan plannen definieer "
        "спроектируй спроектируйте спроектировать разработай_план запланируй определи "
        "zaprojektuj zaplanuj określ tasarla planla designa planera utforma"
    ),
    Phase.SET_UP: (
        "konfiguriere konfigurieren richte einrichten installiere installieren "
        "configure configurer configurez installe installer installez configura configurar instala instalar "
        "installa configureer installeer настрой настройте настроить установи skonfiguruj zainstaluj konfigurera"
    ),
    Phase.BUILD: (
        "baue bauen bau implementiere implementieren erstelle erstellen entwickle entwickeln schreibe schreib "
        "schreiben programmiere programmieren behebe beheben repariere übersetze übersetzen füge aktualisiere "
        "aktualisieren migriere migrieren verbessere optimiere optimieren verfasse verfassen erzeuge "
        "crée créer créez construis construire construisez développe développer développez implémente implémenter "
        "implémentez écris écrire écrivez rédige rédiger rédigez corrige corriger corrigez ajoute ajouter ajoutez "
        "traduis traduire traduisez code "
        "crea crear cree construye construir desarrolla desarrollar implementa implementar escribe escribir escriba "
        "redacta redactar corrige corregir añade añadir agrega traduce traducir arregla prepara preparar haz "
        "crie criar construa construir desenvolva desenvolver implemente implementar escreva escrever corrija "
        "corrigir adicione adicionar traduza traduzir "
        "creare costruisci costruire sviluppa sviluppare scrivi scrivere correggi correggere aggiungi aggiungere "
        "traduci tradurre realizza realizzare implementare "
        "bouw bouwen implementeer implementeren maak maken schrijf schrijven ontwikkel ontwikkelen vertaal repareer "
        "voeg "
        "создай создайте создать напиши напишите написать разработай разработайте разработать реализуй реализуйте "
        "реализовать исправь исправьте исправить добавь добавьте добавить переведи сделай сделайте построй "
        "zbuduj stwórz napisz zaimplementuj popraw dodaj przetłumacz utwórz przygotuj "
        "oluştur yaz geliştir yap düzelt ekle çevir bygg skapa skriv implementera åtgärda översätt"
    ),
    Phase.INTEGRATE: (
        "integriere integrieren verbinde verbinden intègre intégrer intégrez connecte integra integrar conecta "
        "conectar integre collega integreer verbind интегрируй подключи połącz zintegruj"
    ),
    Phase.VERIFY: (
        "teste testen prüfe prüfen überprüfe überprüfen validiere tester testez vérifie vérifier vérifiez valide "
        "relis prueba probar verifica verificar revisa revisar testa testar verifique revise valida validar "
        "verificare controlla test controleer протестируй протестируйте протестировать проверь проверьте "
        "przetestuj sprawdź zweryfikuj testa granska"
    ),
    Phase.RELEASE: (
        "deploye deployen veröffentliche veröffentlichen dokumentiere dokumentieren präsentiere sende schicke "
        "bereitstellen ausrollen erkläre "
        "déploie déployer déployez publie publier publiez documente documenter documentez présente envoie envoyer "
        "envoyez explique "
        "despliega desplegar publica publicar documenta documentar presenta presentar envía enviar explica "
        "implante implantar publique documente apresente envie "
        "distribuisci pubblica pubblicare documenta presenta invia spiega "
        "publiceer documenteer stuur разверни разверните опубликуй опубликуйте отправь задокументируй объясни "
        "wdróż opublikuj udokumentuj wyślij yayınla dağıt belgele gönder publicera driftsätt dokumentera skicka"
    ),
}

# Scripts without spaces: the word may stand anywhere near the start of a clause, or end it.
_UNSPACED: Final[Mapping[Phase, str]] = {
    Phase.DISCOVER: "调研 研究 分析 调查 比较 收集 調査 分析 比較 リサーチ 조사 분석 비교",
    Phase.DESIGN: "设计 规划 定义 設計 計画 デザイン 설계 디자인 기획",
    Phase.SET_UP: "配置 安装 搭建 設定 インストール 설정 설치",
    Phase.BUILD: (
        "实现 开发 编写 写 创建 构建 制作 修复 添加 翻译 実装 開発 作成 書 作 修正 追加 翻訳 "
        "구현 개발 작성 만들 수정 추가 번역"
    ),
    Phase.INTEGRATE: "集成 连接 对接 統合 連携 통합 연결",
    Phase.VERIFY: "测试 验证 检查 テスト 検証 確認 테스트 검증 확인",
    Phase.RELEASE: "部署 发布 上线 记录 デプロイ 公開 リリース 발표 배포 게시",
}

# English words that are as often nouns: after "and" they count as verbs only before a word that opens an object.
_ALSO_NOUNS: Final = words(
    "research survey study benchmark profile scan inventory audit measure design plan model outline structure sketch "
    "wireframe prototype setup name build code draft patch plot book port update upgrade record edit shoot script "
    "format import export move split wrap cache log index schedule program craft link hook test check review qa "
    "release document launch email post report share host monitor print tweet pitch market commit push present "
    "estimate paint draw compose extract upload process debug repair clean interview model train produce replace move"
)
_OPENS_OBJECT: Final = words(
    "a an the it its them their this that these those all each every any some both another our my your his her new "
    "one two three four five several multiple unit integration end-to-end everything whether how what why which "
    "on for against into"
)
# One job with two names; splitting them would be silly.
_IDIOMS: Final = re.compile(
    r"(?:find|search|seek) and (?:replace|destroy|fix)|copy and paste|cut and paste|drag and drop|"
    r"(?:compare|check) and (?:contrast|balance)|mix and match|plug and play|trial and error|lift and shift|"
    r"point and click|pick and choose|review and comment",
    re.IGNORECASE,
)
WORD: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_HAS_UNSPACED: Final = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_UNSPACED_WARNING: Final = re.compile("不要|不用|别|勿|只|ないで|だけ|하지 마")
_UNSPACED_STOP: Final = re.compile(r"[、，。,;；:：\n]")
_TELLS: Final = words("is are was were isn't aren't wasn't will won't has had does doesn't fails failed")
_FILE_OR_CALL: Final = re.compile(r"[^\W_]+(?:\.\w|_\w|\(|\s*=|/)")
# How far into an unspaced clause its verb may stand: "请先设计…" and "APIを実装" both fit.
_UNSPACED_REACH: Final = 30
_LONGEST_PHRASE: Final = 3
_WORDS_HEARD: Final = 5


def _by_word(table: Mapping[Phase, str]) -> dict[str, Phase]:
    """The first phase that lists a word keeps it."""
    found: dict[str, Phase] = {}
    for phase, words in table.items():
        for word in words.split():
            found.setdefault(word.replace("_", " "), phase)
    return found


ENGLISH: Final[Mapping[str, Phase]] = _by_word(_ENGLISH)
FOREIGN: Final[Mapping[str, Phase]] = {word: phase for word, phase in _by_word(_OTHERS).items() if word not in ENGLISH}
UNSPACED: Final[Mapping[str, Phase]] = _by_word(_UNSPACED)
_INFINITIVE_ENDING: Final = "en"  # German and Dutch put these last: "die API bauen"


def leading_verb(clause: str) -> tuple[str, Phase] | None:
    """The verb that the clause opens with (or, where the language puts it there, ends with) and its phase."""
    head = [match.group().lower() for match in islice(WORD.finditer(clause[:200]), _WORDS_HEARD)]
    for count in range(min(len(head), _LONGEST_PHRASE), 0, -1):
        phrase = " ".join(head[:count])
        phase = ENGLISH.get(phrase, FOREIGN.get(phrase))
        if phase is not None:
            return None if _is_condition(head) or _is_subject(clause, phrase, head[count:]) else (phrase, phase)
    return _closing_verb(clause) or _unspaced_verb(clause)


def joins_verb(clause: str) -> bool:
    """Whether what follows an "and" is a verb phrase, and not the second half of a noun."""
    found = leading_verb(clause)
    if found is None:
        return False
    verb = found[0]
    if verb not in _ALSO_NOUNS:
        return True
    heard = WORD.findall(clause[:200].lower())
    return len(heard) > 1 and heard[1] in _OPENS_OBJECT


def is_idiom(text: str, conjunction_start: int) -> bool:
    """Whether the "and" at this place holds a set phrase together."""
    return any(
        match.start() < conjunction_start < match.end()
        for match in _IDIOMS.finditer(text, max(0, conjunction_start - 20), conjunction_start + 20)
    )


def _is_subject(clause: str, verb: str, following: list[str]) -> bool:
    """ "Deploy is broken", "host key checking was off" and "test.py" talk about a thing instead of asking for it."""
    if _FILE_OR_CALL.match(clause):
        return True
    if not following or following[0] in _TELLS:
        return bool(following)
    return verb in _ALSO_NOUNS and following[0] not in _OPENS_OBJECT and not _TELLS.isdisjoint(following)


def _is_condition(head: list[str]) -> bool:
    """ "Make sure ..." and "make it rhyme" say how, and deliver nothing."""
    return head[0] == "make" and len(head) > 1 and head[1] in {"sure", "it", "them", "this", "that", "certain"}


def _closing_verb(clause: str) -> tuple[str, Phase] | None:
    heard = WORD.findall(clause[-60:].lower())
    if len(heard) > 1 and heard[-1].endswith(_INFINITIVE_ENDING) and heard[-1] in FOREIGN:
        return heard[-1], FOREIGN[heard[-1]]
    return None


def _unspaced_verb(clause: str) -> tuple[str, Phase] | None:
    start = _UNSPACED_STOP.split(clause[:_UNSPACED_REACH], maxsplit=1)[0]
    if not _HAS_UNSPACED.search(start):
        return None
    if _UNSPACED_WARNING.search(start):
        return None
    found = [(start.find(word), -len(word), word) for word in UNSPACED if word in start]
    return (word := min(found)[2], UNSPACED[word]) if found else None
