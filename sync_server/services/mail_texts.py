"""What e-mails say, each in English, Arabic and Sorani Kurdish."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MailText:
    """A subject, and one paragraph for each language with a gap for a link or an address."""

    subject: str
    paragraphs: tuple[str, ...]

    def about(self, what: str) -> tuple[str, ...]:
        """Return the subject and the paragraphs, filled in; the link stands on a line of its own."""
        return (self.subject, *(text.format(what) for text in self.paragraphs))


RESET = MailText(
    "A new password · كلمة سر جديدة · وشەی نهێنیی نوێ",
    (
        "Somebody asked for a new password for this account. To set one, open this page within a day and enter the "
        "code that stands behind the # of the link. If it was not you, do nothing: your password stays as it is.\n\n{}",
        "طلب أحدهم كلمة سر جديدة لهذا الحساب. لتعيينها افتح هذه الصفحة خلال يوم وأدخل الرمز الذي يأتي بعد علامة # في "
        "الرابط. إن لم تكن أنت من طلب ذلك فلا تفعل شيئًا: تبقى كلمة سرك كما هي.\n\n{}",
        "کەسێک داوای وشەی نهێنیی نوێی بۆ ئەم هەژمارە کردووە. بۆ دانانی، لە ماوەی ڕۆژێکدا ئەم پەڕەیە بکەرەوە و ئەو کۆدە "
        "بنووسە کە لە دوای # لە بەستەرەکەدایە. ئەگەر تۆ نەبوویت، هیچ مەکە: وشەی نهێنییەکەت وەک خۆی دەمێنێتەوە.\n\n{}",
    ),
)
WELCOME = MailText(
    "Your account · حسابك · هەژمارەکەت",
    (
        "An account was made for you. To set its password, open this page within a day and enter the code that stands "
        "behind the # of the link.\n\n{}",
        "أُنشئ حساب لك. لتعيين كلمة سره افتح هذه الصفحة خلال يوم وأدخل الرمز الذي يأتي بعد علامة # في الرابط.\n\n{}",
        "هەژمارێکت بۆ دروستکرا. بۆ دانانی وشەی نهێنییەکەی، لە ماوەی ڕۆژێکدا ئەم پەڕەیە بکەرەوە و ئەو کۆدە بنووسە کە لە "
        "دوای # لە بەستەرەکەدایە.\n\n{}",
    ),
)
PASSWORD_CHANGED = MailText(
    "Password changed · تغيّرت كلمة السر · وشەی نهێنی گۆڕدرا",
    (
        "The password of your account {} was changed. If it was not you, tell an administrator of the server at once.",
        "تغيّرت كلمة سر حسابك {}. إن لم تكن أنت من غيّرها فأخبر أحد مديري الخادم فورًا.",
        "وشەی نهێنیی هەژمارەکەت {} گۆڕدرا. ئەگەر تۆ نەبوویت، یەکسەر بە بەڕێوەبەرێکی ڕاژەکارەکە بڵێ.",
    ),
)
ADDRESS_CHANGED = MailText(
    "E-mail changed · تغيّر البريد الإلكتروني · ئیمەیڵ گۆڕدرا",
    (
        "The e-mail of your account was changed to {}. If it was not you, tell an administrator of the server at once.",
        "تغيّر البريد الإلكتروني لحسابك إلى {}. إن لم تكن أنت من غيّره فأخبر أحد مديري الخادم فورًا.",
        "ئیمەیڵی هەژمارەکەت گۆڕدرا بۆ {}. ئەگەر تۆ نەبوویت، یەکسەر بە بەڕێوەبەرێکی ڕاژەکارەکە بڵێ.",
    ),
)
