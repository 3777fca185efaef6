//! What an account has, and links to what it made.

use neurocards_core::{Fault, FaultClass};
use serde_json::json;

use super::{KieClient, KieKey, answered, milli_credits};

impl KieClient {
    /// The account's balance, in thousandths of KIE's credits. Free. Also the cheapest proof that a key is good.
    ///
    /// # Errors
    /// A classified fault: `auth` for a key that KIE does not take.
    pub async fn balance(&self, key: &KieKey) -> Result<i64, Fault> {
        let reply = self.transport.get(key, self.api("/api/v1/chat/credit")).await;
        let credits: f64 = answered(reply)?;
        milli_credits(credits)
            .ok_or_else(|| Fault::new(FaultClass::Temporary, "KIE answered with a balance that is no amount"))
    }

    /// A fresh link to a file that KIE made; it lives for 20 minutes. Free.
    ///
    /// # Errors
    /// A classified fault: `invalid_input` for an address that is not KIE's.
    pub async fn download_url(&self, key: &KieKey, file: &str) -> Result<String, Fault> {
        let body = json!({ "url": file }).to_string();
        answered(self.transport.post(key, self.api("/api/v1/common/download-url"), body).await)
    }
}
