//! Which request is which.

use hyper::Method;

use crate::call::Call;

/// The three hosts of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Api,
    Upload,
    Media,
}

impl Door {
    pub(crate) const ALL: [Self; 3] = [Self::Api, Self::Upload, Self::Media];
}

/// What is asked, and for the models' endpoints about which model.
pub(crate) fn route<'a>(door: Door, method: &Method, path: &'a str) -> (Call, Option<&'a str>) {
    let call = match (door, method.as_str(), path) {
        (Door::Api, "POST", "/api/v1/jobs/createTask") => Call::CreateTask,
        (Door::Api, "GET", "/api/v1/jobs/recordInfo") => Call::RecordInfo,
        (Door::Api, "POST", "/api/v1/veo/generate") => Call::VeoGenerate,
        (Door::Api, "GET", "/api/v1/veo/record-info") => Call::VeoRecord,
        (Door::Api, "GET", "/api/v1/veo/get-1080p-video") => Call::Veo1080p,
        (Door::Api, "POST", "/api/v1/veo/get-4k-video") => Call::Veo4k,
        (Door::Api, "POST", "/api/v1/runway/generate") => Call::RunwayGenerate,
        (Door::Api, "GET", "/api/v1/runway/record-detail") => Call::RunwayRecord,
        (Door::Api, "GET", "/api/v1/chat/credit") => Call::Credit,
        (Door::Api, "POST", "/api/v1/common/download-url") => Call::DownloadUrl,
        (Door::Api, "GET", "/api/v1/models") => Call::Models,
        (Door::Upload, "POST", "/api/file-base64-upload") => Call::UploadBase64,
        (Door::Upload, "POST", "/api/file-stream-upload") => Call::UploadStream,
        (Door::Upload, "POST", "/api/file-url-upload") => Call::UploadUrl,
        (Door::Media, "GET", _) => Call::Media,
        _ => Call::Unrouted,
    };
    if call == Call::Unrouted
        && door == Door::Api
        && method == Method::GET
        && let Some(found) = about_a_model(path)
    {
        return found;
    }
    (call, None)
}

/// `/api/v1/models/{model}/schema` and its kin. The slash in a model's id stands as it is.
fn about_a_model(path: &str) -> Option<(Call, Option<&str>)> {
    let rest = path.strip_prefix("/api/v1/models/")?;
    let (model, what) = rest.rsplit_once('/')?;
    let call = match what {
        "schema" => Call::ModelSchema,
        "price" => Call::ModelPrice,
        "success-rate" => Call::ModelSuccessRate,
        _ => return None,
    };
    Some((call, Some(model)))
}
