//! What may be asked of a fake.

use std::fmt;

/// One kind of request, or of message that a fake sends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Call {
    /// KIE: `POST /api/v1/jobs/createTask`. **Paid.**
    CreateTask,
    /// KIE: `GET /api/v1/jobs/recordInfo`.
    RecordInfo,
    /// KIE: `POST /api/v1/veo/generate`. **Paid.**
    VeoGenerate,
    /// KIE: `GET /api/v1/veo/record-info`.
    VeoRecord,
    /// KIE: `GET /api/v1/veo/get-1080p-video`.
    Veo1080p,
    /// KIE: `POST /api/v1/veo/get-4k-video`.
    Veo4k,
    /// KIE: `POST /api/v1/runway/generate`. **Paid.**
    RunwayGenerate,
    /// KIE: `GET /api/v1/runway/record-detail`.
    RunwayRecord,
    /// KIE: `GET /api/v1/chat/credit`.
    Credit,
    /// KIE: `POST /api/v1/common/download-url`.
    DownloadUrl,
    /// KIE: `GET /api/v1/models`.
    Models,
    /// KIE: `GET /api/v1/models/{model}/schema`.
    ModelSchema,
    /// KIE: `GET /api/v1/models/{model}/price`.
    ModelPrice,
    /// KIE: `GET /api/v1/models/{model}/success-rate`.
    ModelSuccessRate,
    /// KIE's upload host: `POST /api/file-base64-upload`.
    UploadBase64,
    /// KIE's upload host: `POST /api/file-stream-upload`.
    UploadStream,
    /// KIE's upload host: `POST /api/file-url-upload`.
    UploadUrl,
    /// KIE's media host: a finished video, or an uploaded photo.
    Media,
    /// A message about a task that the fake sends to the `callBackUrl`.
    Callback,
    /// OpenAI: `POST /v1/chat/completions`.
    Chat,
    /// OpenAI: `POST /v1/moderations`.
    Moderation,
    /// OpenAI: `GET /v1/models`, or one of them.
    ChatModels,
    /// The Bot API: `getUpdates`.
    GetUpdates,
    /// The Bot API: `sendMessage`.
    SendMessage,
    /// The Bot API: `editMessageText`, `editMessageCaption`.
    EditMessage,
    /// The Bot API: `sendVideo`.
    SendVideo,
    /// The Bot API: `answerCallbackQuery`.
    AnswerCallback,
    /// The Bot API: `getFile`.
    GetFile,
    /// The Bot API: a file's bytes.
    TelegramFile,
    /// The Bot API: any other method.
    BotApi,
    /// YooKassa: `POST /v3/payments`.
    PaymentCreate,
    /// YooKassa: `GET /v3/payments/{id}`.
    PaymentRead,
    /// YooKassa: `POST /v3/refunds`. **Money goes back.**
    RefundCreate,
    /// YooKassa: `GET /v3/refunds`, or one of them.
    RefundRead,
    /// YooKassa: `GET /v3/me`, the shop.
    ShopRead,
    /// Nothing that the service has.
    Unrouted,
}

impl Call {
    /// The requests that are paid for.
    pub const PAID: [Self; 3] = [Self::CreateTask, Self::VeoGenerate, Self::RunwayGenerate];
    /// The requests that read a task.
    pub const READS: [Self; 3] = [Self::RecordInfo, Self::VeoRecord, Self::RunwayRecord];
    /// The requests that hand a photo over.
    pub const UPLOADS: [Self; 3] = [Self::UploadBase64, Self::UploadStream, Self::UploadUrl];
    /// The requests that ask about models, which share one limit.
    pub const DISCOVERY: [Self; 4] =
        [Self::Models, Self::ModelSchema, Self::ModelPrice, Self::ModelSuccessRate];
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
